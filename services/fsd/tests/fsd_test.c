// SPDX-License-Identifier: MIT
// The file server above a RAM volume, with little memory, against plain arrays: whatever is written,
// cut, moved, synced and driven out of memory in any order, a file holds what it should.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cache.h"
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
    start(128);
    REQUIRE(root != 0);
    for (unsigned i = 0; i < 30'000; i++) {
        act((size_t)rand() % FILES);
    }
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

TEST("all memory is free again when nothing is open, written or known any more")
{
    for (size_t number = 0; number < FILES; number++) {
        open_file(number);
        CHECK(CALL(KOZO_FILES_REMOVE, root, 0, put_name(number), 0).info.label == KOZO_OK);
        CHECK(CALL(KOZO_FILES_CLOSE, models[number].file).info.label == KOZO_OK);
    }
    host_turn(100);
    struct cache_space space = cache_space();
    CHECK(space.dirty == 0 && space.free == space.pages - 16);
}
