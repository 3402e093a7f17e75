// SPDX-License-Identifier: MIT
// The file server above a RAM volume, with little memory, against plain arrays: whatever is written,
// cut, moved, synced and driven out of memory in any order, a file holds what it should.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cache.h"
#include "../fsd.h"
#include "../lock.h"
#include "../volume.h"
#include "host.h"
#include "test.h"

constexpr size_t FILES = 6;
constexpr size_t MOST = 400'000; // bytes of a file
constexpr uint64_t TOP = 1;

static struct model {
    bool there;
    uint64_t file; // open; 0 for not
    size_t size;
    uint8_t bytes[MOST];
} models[FILES];

static uint64_t root;

static struct kozo_message call(uint32_t label, size_t length, const uint64_t *word)
{
    struct kozo_message message = {.info = {.length = (uint8_t)length, .label = label}};
    memcpy(message.word, word, length * sizeof *word);
    return host_call(&message);
}

#define CALL(label, ...)                                                                           \
    call(label, sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t), (uint64_t[]){__VA_ARGS__})

static size_t put_name(size_t number)
{
    return (size_t)sprintf((char *)host_data, "file-%zu", number);
}

static uint64_t walk(uint64_t folder, size_t length)
{
    struct kozo_message answer = CALL(KOZO_FILES_WALK, folder, 0, length);
    return answer.info.label == KOZO_OK ? answer.word[0] : 0;
}

static void open_root(void)
{
    static const uint8_t name[] = {'r', 'a', 'm'};
    memcpy(host_data, name, sizeof name);
    root = walk(TOP, sizeof name);
}

static void start(uint32_t pages)
{
    static bool started;
    if (!started) {
        host_start(pages, nullptr);
        started = true;
    }
    open_root();
}

static void open_file(size_t number)
{
    struct model *model = &models[number];
    if (model->file == 0 && !model->there) {
        struct kozo_message made =
            CALL(KOZO_FILES_MAKE, root, KOZO_NODE_FILE, 0644, 0, put_name(number), 0);
        CHECK(made.info.label == KOZO_OK);
        model->there = true;
        model->file = made.word[0];
        model->size = 0;
    } else if (model->file == 0) {
        model->file = walk(root, put_name(number));
        CHECK(model->file != 0);
    }
}

static void write_some(struct model *model)
{
    size_t offset = (size_t)rand() % (MOST - 70'000);
    size_t length = 1 + (size_t)rand() % (rand() % 4 == 0 ? 70'000 : 3'000);
    for (size_t i = 0; i < length; i++) {
        host_data[i] = (uint8_t)rand();
    }
    struct kozo_message answer = CALL(KOZO_FILES_WRITE, model->file, offset, 0, length);
    CHECK(answer.info.label == KOZO_OK && answer.word[0] == length);
    if (offset > model->size) {
        memset(model->bytes + model->size, 0, offset - model->size);
    }
    memcpy(model->bytes + offset, host_data, length);
    model->size = offset + length > model->size ? offset + length : model->size;
}

static void read_some(const struct model *model)
{
    size_t offset = (size_t)rand() % MOST;
    size_t length = 1 + (size_t)rand() % 100'000;
    struct kozo_message answer = CALL(KOZO_FILES_READ, model->file, offset, 0, length);
    size_t there = offset < model->size ? model->size - offset : 0;
    there = there < length ? there : length;
    CHECK(answer.info.label == KOZO_OK && answer.word[0] == there);
    CHECK(memcmp(host_data, model->bytes + offset, there) == 0);
}

static void cut(struct model *model)
{
    size_t size = (size_t)rand() % MOST;
    struct kozo_node_stat stat = {.size = size};
    memcpy(host_data, &stat, sizeof stat);
    struct kozo_message answer = CALL(KOZO_FILES_CHANGE, model->file, 0, KOZO_CHANGE_SIZE);
    CHECK(answer.info.label == KOZO_OK);
    if (size > model->size) {
        memset(model->bytes + model->size, 0, size - model->size);
    }
    model->size = size;
}

// Over another file, which may be open.
static void rename_file(size_t number, size_t other)
{
    struct model *from = &models[number];
    struct model *to = &models[other];
    if (number == other || !from->there) {
        return;
    }
    size_t length = put_name(number);
    size_t second = (size_t)sprintf((char *)host_data + length, "file-%zu", other);
    struct kozo_message answer = CALL(KOZO_FILES_RENAME, root, root, 0, length, second, 1);
    CHECK(answer.info.label == KOZO_OK);
    if (to->file != 0) {
        CHECK(CALL(KOZO_FILES_CLOSE, to->file).info.label == KOZO_OK);
    }
    *to = *from;
    *from = (struct model){};
}

static void check_size(const struct model *model)
{
    struct kozo_node_stat stat;
    CHECK(CALL(KOZO_FILES_STAT, model->file, 0).info.label == KOZO_OK);
    memcpy(&stat, host_data, sizeof stat);
    CHECK(stat.size == model->size);
}

static void act(size_t number)
{
    struct model *model = &models[number];
    open_file(number);
    switch (rand() % 12) {
    case 0:
        cut(model);
        return;
    case 1:
        CHECK(CALL(KOZO_FILES_SYNC, model->file, rand() % 2 == 0).info.label == KOZO_OK);
        return;
    case 2:
        CHECK(CALL(KOZO_FILES_CLOSE, model->file).info.label == KOZO_OK);
        model->file = 0;
        return;
    case 3:
        rename_file(number, (size_t)rand() % FILES);
        return;
    case 4:
        check_size(model);
        return;
    case 5:
        host_pass((uint64_t)rand() % 4'000'000'000);
        host_turn((size_t)rand() % 8);
        return;
    case 6:
        if (model->file != 0 && rand() % 4 == 0) {
            CHECK(CALL(KOZO_FILES_REMOVE, root, 0, put_name(number), 0).info.label == KOZO_OK);
            CHECK(CALL(KOZO_FILES_CLOSE, model->file).info.label == KOZO_OK);
            *model = (struct model){};
        }
        return;
    case 7:
    case 8:
    case 9:
        read_some(model);
        return;
    default:
        write_some(model);
        return;
    }
}

TEST("files hold what was written, with memory for a quarter of it, in any order of requests")
{
    srand(1);
    start(256);
    REQUIRE(root != 0);
    for (unsigned i = 0; i < 30'000; i++) {
        act((size_t)rand() % FILES);
    }
}

TEST("they hold it too while memory runs short again and again, and there is more of it in between")
{
    for (unsigned i = 0; i < 30'000; i++) {
        if (rand() % 50 == 0) {
            host_room((rand() % 2 == 0 ? 64 : 192) * CACHE_PAGE);
            cache_shrink();
            cache_try_again();
        }
        act((size_t)rand() % FILES);
    }
    host_room(192 * CACHE_PAGE);
    cache_try_again();
}

static void write_byte(const struct model *model)
{
    host_data[0] = model->bytes[0];
    CHECK(CALL(KOZO_FILES_WRITE, model->file, 0, 0, 1).info.label == KOZO_OK);
}

TEST("memory for contents is given back, as far as nothing that is written is lost")
{
    struct model *model = &models[0];
    open_file(0);
    model->size = model->size > 0 ? model->size : 1;
    write_byte(model);
    CHECK(CALL(KOZO_FILES_SYNC, model->file, 1).info.label == KOZO_OK);
    write_byte(model);
    cache_shrink();
    struct cache_space space = cache_space();
    CHECK(space.dirty == 1 && space.pages >= 64 && space.pages < 192);
    CHECK(CALL(KOZO_FILES_SYNC, model->file, 1).info.label == KOZO_OK);
    cache_shrink();
    CHECK(cache_space().pages == 0);
    struct kozo_message answer = CALL(KOZO_FILES_READ, model->file, 0, 0, 1);
    CHECK(answer.info.label == KOZO_OK && host_data[0] == model->bytes[0]);
    CHECK(cache_space().pages > 0);
}

TEST("a volume that begins a new life finds everything that was not written yet written then")
{
    for (unsigned round = 0; round < 50; round++) {
        for (unsigned i = 0; i < 40; i++) {
            act((size_t)rand() % FILES);
        }
        host_new_life();
        open_root();
        REQUIRE(root != 0);
        for (size_t number = 0; number < FILES; number++) {
            open_file(number);
            check_size(&models[number]);
            read_some(&models[number]);
        }
    }
}

TEST("what waits is dropped when it is cancelled, and its late answer harms nobody")
{
    open_file(0);
    CHECK(CALL(KOZO_FILES_SYNC, models[0].file, 1).info.label == KOZO_OK);
    size_t before = host_completed();
    struct kozo_message message = {
        .info = {.length = 2, .label = KOZO_FILES_SYNC},
        .word = {models[0].file, 1},
    };
    CHECK(host_begin(&message, 1ul << 40).info.label == KOZO_PENDING);
    CHECK(operation_cancel(0, 1ul << 40));
    CHECK(!operation_cancel(0, 1ul << 40));
    host_turn(10);
    CHECK(host_completed() == before);
}

static uint32_t lock(uint64_t offset, uint64_t length, uint64_t kind)
{
    return CALL(KOZO_FILES_LOCK, models[0].file, offset, length, kind, 0).info.label;
}

// As many locks of three bytes as a session can have, each apart from the next.
static void lock_all(void)
{
    open_file(0);
    CHECK(lock(0, 0, KOZO_LOCK_FREE) == KOZO_OK);
    for (uint64_t i = 0; i < LOCKS / 2; i++) {
        REQUIRE(lock(8 * i, 3, KOZO_LOCK_SHARED) == KOZO_OK);
    }
}

TEST("a number of a former life, or of one to come, stands for nothing")
{
    constexpr uint64_t life = 1ul << 32;
    CHECK(root / life == HOST_LIFE);
    CHECK(CALL(KOZO_FILES_STAT, root, 0).info.label == KOZO_OK);
    CHECK(CALL(KOZO_FILES_STAT, root - life, 0).info.label == KOZO_BAD_HANDLE);
    CHECK(CALL(KOZO_FILES_STAT, root + life, 0).info.label == KOZO_BAD_HANDLE);
    CHECK(CALL(KOZO_FILES_STAT, root % life, 0).info.label == KOZO_BAD_HANDLE);
}

TEST("a session can have 512 locks, and is told that there can be no more")
{
    lock_all();
    CHECK(lock(8 * (LOCKS / 2), 1, KOZO_LOCK_SHARED) == KOZO_NO_MEMORY);
    CHECK(lock(3, 1, KOZO_LOCK_EXCLUSIVE) == KOZO_NO_MEMORY);
}

TEST("a session that has as many locks as it can have gives back any whole one, and an end of one")
{
    lock_all();
    CHECK(lock(8, 1, KOZO_LOCK_FREE) == KOZO_OK);
    CHECK(lock(10, 6, KOZO_LOCK_FREE) == KOZO_OK);
    CHECK(lock(3, 5, KOZO_LOCK_FREE) == KOZO_OK); // nothing is locked there
    CHECK(lock(0, 3, KOZO_LOCK_FREE) == KOZO_OK);
    CHECK(lock(0, 1, KOZO_LOCK_SHARED) == KOZO_OK);
    CHECK(lock(2, 1, KOZO_LOCK_SHARED) == KOZO_NO_MEMORY);
}

TEST("it can't give back the middle of one, and keeps all of it then")
{
    lock_all();
    CHECK(lock(9, 1, KOZO_LOCK_FREE) == KOZO_NO_MEMORY);
    CHECK(lock(16, 3, KOZO_LOCK_FREE) == KOZO_OK);
    CHECK(lock(9, 1, KOZO_LOCK_FREE) == KOZO_OK);
    CHECK(lock(16, 1, KOZO_LOCK_SHARED) == KOZO_NO_MEMORY);
}

TEST("it can change the kind of locks, but not of the middle of one until there is room for two "
     "more")
{
    lock_all();
    CHECK(lock(8, 3, KOZO_LOCK_EXCLUSIVE) == KOZO_OK);
    CHECK(lock(16, 1, KOZO_LOCK_EXCLUSIVE) == KOZO_NO_MEMORY);
    CHECK(lock(9, 10, KOZO_LOCK_EXCLUSIVE) == KOZO_OK); // an end of one, and all of the next
    CHECK(lock(25, 1, KOZO_LOCK_EXCLUSIVE) == KOZO_NO_MEMORY);
    CHECK(lock(0, 3, KOZO_LOCK_FREE) == KOZO_OK);
    CHECK(lock(25, 1, KOZO_LOCK_EXCLUSIVE) == KOZO_NO_MEMORY);
    CHECK(lock(32, 3, KOZO_LOCK_FREE) == KOZO_OK);
    CHECK(lock(25, 1, KOZO_LOCK_EXCLUSIVE) == KOZO_OK);
    CHECK(lock(0, 1, KOZO_LOCK_SHARED) == KOZO_NO_MEMORY);
}

TEST("one lock of all of a file takes the place of as many as a session can have")
{
    lock_all();
    CHECK(lock(0, 0, KOZO_LOCK_EXCLUSIVE) == KOZO_OK);
    CHECK(lock(0, 0, KOZO_LOCK_FREE) == KOZO_OK);
    lock_all();
    CHECK(CALL(KOZO_FILES_CLOSE, models[0].file).info.label == KOZO_OK);
    models[0].file = 0;
    lock_all();
    CHECK(lock(0, 0, KOZO_LOCK_FREE) == KOZO_OK);
}

TEST("all memory is free again when nothing is open, written or known any more")
{
    for (size_t number = 0; number < FILES; number++) {
        open_file(number);
        CHECK(CALL(KOZO_FILES_REMOVE, root, 0, put_name(number), 0).info.label == KOZO_OK);
        CHECK(CALL(KOZO_FILES_CLOSE, models[number].file).info.label == KOZO_OK);
    }
    host_turn(100);
    struct cache_space space = cache_space();
    CHECK(space.dirty == 0 && space.free == space.pages);
}

TEST("a volume that had no memory for what was written takes nothing more, and who writes is told, "
     "until it has some")
{
    uint64_t file[2];
    for (size_t i = 0; i < 2; i++) {
        struct kozo_message made =
            CALL(KOZO_FILES_MAKE, root, KOZO_NODE_FILE, 0644, 0, put_name(i), 0);
        REQUIRE(made.info.label == KOZO_OK);
        file[i] = made.word[0];
    }
    host_starve(true);
    CHECK(CALL(KOZO_FILES_WRITE, file[0], 0, 0, 5000).info.label == KOZO_OK);
    CHECK(CALL(KOZO_FILES_SYNC, file[0], 1).info.label == KOZO_NO_MEMORY);
    CHECK(CALL(KOZO_FILES_WRITE, file[1], 0, 0, 5000).info.label == KOZO_NO_MEMORY);
    CHECK(CALL(KOZO_FILES_WRITE, file[0], 0, 0, 5000).info.label == KOZO_NO_MEMORY);
    host_starve(false);
    CHECK(CALL(KOZO_FILES_WRITE, file[0], 0, 0, 5000).info.label == KOZO_OK);
    CHECK(CALL(KOZO_FILES_SYNC, file[0], 1).info.label == KOZO_OK);
}

// A path of so many folders, which are made.
static size_t make_path(size_t depth)
{
    uint64_t folder = root;
    for (size_t i = 0; i < depth; i++) {
        host_data[0] = 'd';
        struct kozo_message made = CALL(KOZO_FILES_MAKE, folder, KOZO_NODE_FOLDER, 0755, 0, 1, 0);
        CHECK(made.info.label == KOZO_OK);
        folder = made.word[0];
    }
    for (size_t i = 0; i < depth; i++) {
        host_data[2 * i] = 'd';
        host_data[2 * i + 1] = '/';
    }
    return 2 * depth - 1;
}

TEST("a walk through a slow volume that others change comes to its end, though what it found at "
     "first is old by then")
{
    host_slow(MOMENT / 4);
    host_new_life();
    open_root();
    REQUIRE(root != 0);
    CHECK(walk(root, make_path(20)) != 0);
}
