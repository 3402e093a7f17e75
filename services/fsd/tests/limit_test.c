// SPDX-License-Identifier: MIT
// What a session that has a limit may have stored on a volume that counts: it is told at the request that passes it, and
// nobody else is.
#include <stdio.h>
#include <string.h>

#include "../fsd.h"
#include "../handle.h"
#include "../volume.h"
#include "host.h"
#include "test.h"

constexpr uint64_t TOP = 1;
constexpr size_t PAGE = KOZO_PAGE_SIZE;
constexpr size_t ALONE = 0;                     // a session without a limit
constexpr size_t MOST = (HOST_MOST - 1) * PAGE; // beside a file, and whatever takes no page

static uint64_t root[HOST_SESSIONS]; // the folder /ram, open in each session

static struct kozo_message call(size_t place, uint32_t label, size_t length, const uint64_t *word)
{
    struct kozo_message message = {.info = {.length = (uint8_t)length, .label = label}};
    memcpy(message.word, word, length * sizeof *word);
    host_session(place);
    return host_call(&message);
}

#define CALL(place, label, ...)                                                                    \
    call(place, label, sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t),                       \
         (uint64_t[]){__VA_ARGS__})

static size_t put(const char *text)
{
    return (size_t)sprintf((char *)host_data, "%s", text);
}

static void start(void)
{
    static bool started;
    if (!started) {
        host_start(2048, nullptr);
        started = true;
    }
    for (size_t place = 0; place < HOST_SESSIONS; place++) {
        struct kozo_message opened = CALL(place, KOZO_FILES_WALK, TOP, 0, put("ram"));
        CHECK(opened.info.label == KOZO_OK);
        root[place] = opened.word[0];
    }
}

static struct kozo_message make(size_t place, const char *name)
{
    size_t length = put(name);
    return CALL(place, KOZO_FILES_MAKE, root[place], KOZO_NODE_FILE, 0644, 0, length, 0);
}

static uint64_t open_file(size_t place, const char *name)
{
    struct kozo_message opened = CALL(place, KOZO_FILES_WALK, root[place], 0, put(name));
    return opened.info.label == KOZO_OK ? opened.word[0] : 0;
}

static uint32_t remove_name(size_t place, const char *name)
{
    return CALL(place, KOZO_FILES_REMOVE, root[place], 0, put(name), 0).info.label;
}

// Writes so many equal bytes; gives how many went in, and the error when none did.
struct written {
    uint32_t error;
    uint64_t done;
};

static struct written fill(size_t place, uint64_t file, uint64_t offset, char byte, size_t length)
{
    memset(host_data, byte, length);
    struct kozo_message told = CALL(place, KOZO_FILES_WRITE, file, offset, 0, length);
    bool good = told.info.label == KOZO_OK;
    return (struct written){.error = told.info.label, .done = good ? told.word[0] : 0};
}

static bool is_full(size_t place, uint64_t file, uint64_t offset)
{
    struct written told = fill(place, file, offset, 'x', 1);
    return told.error == KOZO_NO_MEMORY && told.done == 0;
}

static uint32_t cut(size_t place, uint64_t file, uint64_t size)
{
    struct kozo_node_stat stat = {.size = size};
    memcpy(host_data, &stat, sizeof stat);
    return CALL(place, KOZO_FILES_CHANGE, file, 0, KOZO_CHANGE_SIZE).info.label;
}

// Whether a file holds so many equal bytes from an offset on.
static bool holds(size_t place, uint64_t file, uint64_t offset, char byte, size_t length)
{
    memset(host_data, 0, length);
    struct kozo_message told = CALL(place, KOZO_FILES_READ, file, offset, 0, length);
    bool same = told.info.label == KOZO_OK && told.word[0] == length;
    for (size_t i = 0; i < length; i++) {
        same = same && host_data[i] == (uint8_t)byte;
    }
    return same;
}

static void end(const char *name, uint64_t mine, uint64_t other)
{
    CHECK(remove_name(ALONE, name) == KOZO_OK);
    CHECK(CALL(HOST_LIMITED, KOZO_FILES_CLOSE, mine).info.label == KOZO_OK);
    CHECK(other == 0 || CALL(ALONE, KOZO_FILES_CLOSE, other).info.label == KOZO_OK);
    host_turn(100);
}

TEST("who has a limit is told by the write that passes it, sees it as the size of the volume, and "
     "nobody else is refused")
{
    start();
    uint64_t mine = make(HOST_LIMITED, "one").word[0];
    CHECK(fill(HOST_LIMITED, mine, 0, 'a', MOST + 3 * PAGE).done == MOST);
    CHECK(is_full(HOST_LIMITED, mine, MOST) && fill(HOST_LIMITED, mine, 5, 'b', 10).done == 10);
    struct kozo_message told = CALL(HOST_LIMITED, KOZO_FILES_DESCRIBE, mine);
    CHECK(told.word[1] == HOST_MOST && told.word[2] == 0);
    uint64_t other = open_file(ALONE, "one");
    told = CALL(ALONE, KOZO_FILES_DESCRIBE, other);
    CHECK(told.word[1] > 1000 && told.word[2] > 1000);
    CHECK(fill(ALONE, other, MOST, 'c', 5 * PAGE).done == 5 * PAGE);
    CHECK(holds(HOST_LIMITED, mine, MOST, 'c', 5 * PAGE) && holds(ALONE, other, 5, 'b', 10));
    CHECK(holds(ALONE, other, 15, 'a', MOST - 15));
    end("one", mine, other);
}

TEST("what it cuts off or removes it may store again, and that of a file that is open only when it "
     "is closed")
{
    start();
    uint64_t mine = make(HOST_LIMITED, "one").word[0];
    CHECK(fill(HOST_LIMITED, mine, 0, 'a', MOST).done == MOST);
    CHECK(cut(HOST_LIMITED, mine, 1000 * PAGE) == KOZO_OK); // a hole is not stored
    CHECK(is_full(HOST_LIMITED, mine, 500 * PAGE));
    CHECK(cut(ALONE, open_file(ALONE, "one"), 5 * PAGE) == KOZO_OK);
    CHECK(fill(HOST_LIMITED, mine, 500 * PAGE, 'b', 2 * PAGE).done == 2 * PAGE);
    CHECK(remove_name(HOST_LIMITED, "one") == KOZO_OK);
    uint64_t next = make(HOST_LIMITED, "two").word[0];
    CHECK(fill(HOST_LIMITED, next, 0, 'c', MOST).done == MOST - 7 * PAGE);
    CHECK(CALL(HOST_LIMITED, KOZO_FILES_CLOSE, mine).info.label == KOZO_OK);
    handle_close_all(ALONE);
    host_turn(100);
    CHECK(fill(HOST_LIMITED, next, MOST - 7 * PAGE, 'c', 7 * PAGE).done == 7 * PAGE);
    start();
    end("two", next, 0);
}

TEST("what others wrote into a file, and nobody has written to the volume yet, is theirs")
{
    start();
    uint64_t mine = make(HOST_LIMITED, "one").word[0];
    uint64_t other = open_file(ALONE, "one");
    CHECK(fill(ALONE, other, 0, 'a', 40 * PAGE).done == 40 * PAGE);
    CHECK(fill(HOST_LIMITED, mine, 100, 'b', 10).done == 10);
    CHECK(holds(ALONE, other, 100, 'b', 10) && holds(ALONE, other, 110, 'a', 39 * PAGE));
    CHECK(fill(HOST_LIMITED, mine, 40 * PAGE, 'c', MOST + PAGE).done == MOST);
    end("one", mine, other);
}

TEST("files, names and attributes count too, and what is in the way of none of them is kept")
{
    char name[16] = "file-";
    uint32_t error = KOZO_OK;
    unsigned made = 0;
    start();
    while (error == KOZO_OK && made < 5000) {
        (void)sprintf(name, "file-%u", made);
        struct kozo_message told = make(HOST_LIMITED, name);
        error = told.info.label;
        made += error == KOZO_OK ? 1 : 0;
        if (error == KOZO_OK) {
            CHECK(CALL(HOST_LIMITED, KOZO_FILES_CLOSE, told.word[0]).info.label == KOZO_OK);
        }
    }
    // Of 128 + 96 bytes each.
    CHECK(error == KOZO_NO_MEMORY && made == HOST_MOST * PAGE / 224);
    uint64_t mine = open_file(HOST_LIMITED, "file-0");
    size_t length = put("second");
    CHECK(CALL(HOST_LIMITED, KOZO_FILES_LINK, mine, root[HOST_LIMITED], 0, length).info.label ==
          KOZO_NO_MEMORY);
    length = put("a");
    CHECK(CALL(HOST_LIMITED, KOZO_FILES_SET_ATTRIBUTE, mine, 0, length, 0, 0).info.label ==
          KOZO_NO_MEMORY);
    CHECK(make(ALONE, "another").info.label == KOZO_OK && remove_name(ALONE, "another") == KOZO_OK);
    for (unsigned i = 0; i < made; i++) {
        (void)sprintf(name, "file-%u", i);
        CHECK(remove_name(i % 2 == 0 ? HOST_LIMITED : ALONE, name) == KOZO_OK);
    }
    CHECK(CALL(HOST_LIMITED, KOZO_FILES_CLOSE, mine).info.label == KOZO_OK);
    host_turn(100);
}

TEST("the session that comes next in its place goes on where it was, and so does the volume's next "
     "life")
{
    start();
    uint64_t mine = make(HOST_LIMITED, "one").word[0];
    CHECK(fill(HOST_LIMITED, mine, 0, 'a', MOST).done == MOST);
    handle_close_all(HOST_LIMITED);
    start();
    mine = open_file(HOST_LIMITED, "one");
    CHECK(is_full(HOST_LIMITED, mine, MOST));
    host_new_life();
    CHECK(is_full(HOST_LIMITED, mine, MOST) && cut(HOST_LIMITED, mine, PAGE) == KOZO_OK);
    CHECK(fill(HOST_LIMITED, mine, PAGE, 'a', MOST).done == MOST - PAGE);
    end("one", mine, 0);
}

// A volume that does not count, and has room for everything.
static struct kozo_message uncounted(const struct kozo_entry *entry, uint8_t *data, size_t size)
{
    bool top = entry->word[0] == 1;
    const struct kozo_node_stat stat = {
        .node = entry->word[0], .kind = top ? KOZO_NODE_FOLDER : KOZO_NODE_FILE, .links = 1};
    (void)size;
    switch (entry->label) {
    case KOZO_VOLUME_DESCRIBE:
        return kozo_volume_describe_answer(PAGE, 10'000, 10'000, 0, KOZO_VOLUME_LASTING);
    case KOZO_VOLUME_LOOK:
        return kozo_volume_look_answer(2, KOZO_NODE_FILE);
    case KOZO_VOLUME_STAT:
        memcpy(data + entry->word[1], &stat, sizeof stat);
        return kozo_answer(KOZO_OK);
    case KOZO_VOLUME_WRITE:
        return kozo_volume_write_answer(entry->word[3]);
    default:
        return kozo_answer(KOZO_BAD_HANDLE);
    }
}

TEST("on a volume that does not count, who has a limit can store nothing")
{
    handle_close_all(ALONE);
    handle_close_all(HOST_LIMITED);
    host_volume_is(uncounted);
    host_new_life();
    start();
    uint64_t mine = open_file(HOST_LIMITED, "file");
    REQUIRE(mine != 0);
    CHECK(is_full(HOST_LIMITED, mine, 0) && make(HOST_LIMITED, "new").info.label == KOZO_NO_MEMORY);
    size_t length = put("second");
    CHECK(CALL(HOST_LIMITED, KOZO_FILES_LINK, mine, root[HOST_LIMITED], 0, length).info.label ==
          KOZO_NO_MEMORY);
    length = put("a");
    CHECK(CALL(HOST_LIMITED, KOZO_FILES_SET_ATTRIBUTE, mine, 0, length, 0, 0).info.label ==
          KOZO_NO_MEMORY);
    CHECK(fill(ALONE, open_file(ALONE, "file"), 0, 'a', 10).done == 10);
}
