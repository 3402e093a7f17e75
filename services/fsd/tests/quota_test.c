// SPDX-License-Identifier: MIT
// What each session may have: the rule by itself, and four sessions above a RAM volume, of which some take all that
// they can get.
#include "../quota.h"

#include <stdio.h>
#include <string.h>

#include "../handle.h"
#include "../lock.h"
#include "../operation.h"
#include "host.h"
#include "test.h"

constexpr uint64_t TOP = 1;

static unsigned round;               // each test has names of its own
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

// A file of a session, which is made and stays open; 0 and its error, when that is refused.
static uint64_t make(size_t place, uint64_t folder, uint64_t kind, size_t number, uint32_t *error)
{
    size_t length = (size_t)sprintf((char *)host_data, "%u-%zu-%zu", round, place, number);
    struct kozo_message made = CALL(place, KOZO_FILES_MAKE, folder, kind, 0644, 0, length, 0);
    *error = made.info.label;
    return made.info.label == KOZO_OK ? made.word[0] : 0;
}

// Puts a path at the start of the shared memory; gives its length.
static uint64_t put(const char *path)
{
    size_t length = 0;
    for (; path[length] != '\0'; length++) {
        host_data[length] = (uint8_t)path[length];
    }
    return length;
}

static struct kozo_message open_root(size_t place)
{
    return CALL(place, KOZO_FILES_WALK, TOP, 0, put("ram"));
}

static void start(void)
{
    if (round++ == 0) {
        host_start(8192, nullptr);
    }
    for (size_t place = 0; place < HOST_SESSIONS; place++) {
        struct kozo_message opened = open_root(place);
        CHECK(opened.info.label == KOZO_OK);
        root[place] = opened.word[0];
    }
}

static bool holds_nothing(size_t place)
{
    bool nothing = true;
    for (enum quota what = 0; what < QUOTAS; what++) {
        nothing = nothing && quota_held(what, place) == 0;
    }
    return nothing;
}

// All sessions end.
static void end(void)
{
    for (size_t place = 0; place < HOST_SESSIONS; place++) {
        operation_drop_all(place);
        lock_drop(place, nullptr);
        handle_close_all(place);
        CHECK(holds_nothing(place));
    }
}

// --- The rule -----------------------------------------------------------------------------------

static uint32_t take_all(size_t place)
{
    uint32_t count = 0;
    for (; quota_has(QUOTA_LENT, place, 1); count++) {
        quota_take(QUOTA_LENT, place, 1);
    }
    return count;
}

TEST("one session has half at most, the next what no part is of, and each other one its part")
{
    quota_start(5);
    quota_set(QUOTA_LENT, 1000);
    CHECK(!quota_has(QUOTA_LENT, 0, 501) && quota_has(QUOTA_LENT, 0, 500));
    CHECK(take_all(0) == 500 && take_all(1) == 200);
    CHECK(take_all(2) == 100 && take_all(3) == 100 && take_all(4) == 100);
    CHECK(!quota_has(QUOTA_LENT, 4, UINT64_MAX) && quota_has(QUOTA_LENT, 4, 0));
}

TEST("what a session gives back fills its part first, then what is for everybody")
{
    quota_give(QUOTA_LENT, 2, 10);
    CHECK(!quota_has(QUOTA_LENT, 1, 1) && !quota_has(QUOTA_LENT, 2, 11) && take_all(2) == 10);
    quota_give(QUOTA_LENT, 1, 30);
    CHECK(!quota_has(QUOTA_LENT, 0, 1)); // it has half
    CHECK(take_all(3) == 30 && quota_held(QUOTA_LENT, 3) == 130);
}

TEST(
    "where there are fewer than parts, nobody is sure of any, and there are no more than there are")
{
    quota_set(QUOTA_LENT, 4);
    CHECK(take_all(0) == 2 && take_all(1) == 2 && take_all(2) == 0);
    quota_set(QUOTA_LENT, 0);
    CHECK(take_all(0) == 0);
}

// --- Sessions -----------------------------------------------------------------------------------

static size_t open_all(size_t place)
{
    size_t count = quota_held(QUOTA_OPEN, place);
    struct kozo_message opened = open_root(place);
    for (; opened.info.label == KOZO_OK && count < HANDLES; count++) {
        opened = open_root(place);
    }
    CHECK(opened.info.label == KOZO_NO_MEMORY);
    return count;
}

TEST("sessions that open all they can leave each other one its part, which goes on after closing")
{
    start();
    CHECK(open_all(1) == HANDLES / 2 && open_all(2) == HANDLES / 4);
    CHECK(open_all(3) == HANDLES / 8 && open_all(0) == HANDLES / 8);
    CHECK(CALL(3, KOZO_FILES_CLOSE, root[3]).info.label == KOZO_OK);
    CHECK(open_root(1).info.label == KOZO_NO_MEMORY);
    CHECK(open_root(3).info.label == KOZO_OK);
    end();
    CHECK(open_root(2).info.label == KOZO_OK);
    end();
}

static size_t know_all(size_t place)
{
    uint32_t error = KOZO_OK;
    for (size_t number = 0; error == KOZO_OK && number < NODES; number++) {
        (void)make(place, root[place], KOZO_NODE_FILE, number, &error);
    }
    CHECK(error == KOZO_NO_MEMORY);
    return quota_held(QUOTA_KNOWN, place);
}

TEST("sessions that hold all the files they can leave each other one its part of them")
{
    start();
    CHECK(know_all(1) == NODES_HELD / 2 && know_all(2) == NODES_HELD / 4);
    CHECK(know_all(3) == NODES_HELD / 8 && know_all(0) == NODES_HELD / 8);
    // Names are looked up, though no more can be opened.
    uint64_t length = put("2-1-1");
    CHECK(CALL(3, KOZO_FILES_LOOK, root[3], 0, length).info.label == KOZO_OK);
    end();
}

TEST("a folder counts with those above it, for each session that holds it, wherever it is moved")
{
    uint32_t error = KOZO_OK;
    uint64_t folder[5];
    start();
    folder[0] = root[1];
    for (size_t i = 1; i < 5; i++) {
        folder[i] = make(1, folder[i - 1], KOZO_NODE_FOLDER, i, &error);
        REQUIRE(error == KOZO_OK);
    }
    for (size_t i = 1; i < 4; i++) {
        CHECK(CALL(1, KOZO_FILES_CLOSE, folder[i]).info.label == KOZO_OK);
    }
    CHECK(quota_held(QUOTA_KNOWN, 1) == 5);
    uint64_t length = put("3-1-1/3-1-2");
    CHECK(CALL(2, KOZO_FILES_WALK, root[2], 0, length).info.label == KOZO_OK);
    CHECK(quota_held(QUOTA_KNOWN, 2) == 3);
    // The third folder goes to the top, and takes the fourth along.
    length = put("3-1-1/3-1-2");
    struct kozo_message second = CALL(3, KOZO_FILES_WALK, root[3], 0, length);
    (void)put("3-1-33-1-3");
    CHECK(CALL(3, KOZO_FILES_RENAME, second.word[0], root[3], 0, 5, 5, 0).info.label == KOZO_OK);
    CHECK(quota_held(QUOTA_KNOWN, 1) == 4 - 1 && quota_held(QUOTA_KNOWN, 2) == 3);
    end();
}

TEST("files that are written and closed are held until they are on the volume, and who has as many "
     "as it can waits for that")
{
    uint32_t error = KOZO_OK;
    uint32_t most = 0;
    start();
    for (size_t number = 0; number < NODES_HELD; number++) {
        uint64_t file = make(1, root[1], KOZO_NODE_FILE, number, &error);
        REQUIRE(error == KOZO_OK);
        if (number < 3000) {
            CHECK(CALL(1, KOZO_FILES_WRITE, file, 0, 0, 1).info.label == KOZO_OK);
        }
        CHECK(CALL(1, KOZO_FILES_CLOSE, file).info.label == KOZO_OK);
        most = quota_held(QUOTA_KNOWN, 1) > most ? quota_held(QUOTA_KNOWN, 1) : most;
    }
    CHECK(most == NODES_HELD / 2);
    (void)make(2, root[2], KOZO_NODE_FILE, 0, &error);
    CHECK(error == KOZO_OK);
    CHECK(CALL(1, KOZO_FILES_SYNC, root[1], 1).info.label == KOZO_OK);
    CHECK(quota_held(QUOTA_KNOWN, 1) == 1);
    end();
}

static size_t lock_all(size_t place, uint64_t file)
{
    uint64_t count = 0;
    struct kozo_message locked = {};
    while (locked.info.label == KOZO_OK && count <= LOCKS) {
        locked = CALL(place, KOZO_FILES_LOCK, file, 2 * count, 1, KOZO_LOCK_SHARED, 0);
        count += locked.info.label == KOZO_OK ? 1 : 0;
    }
    CHECK(locked.info.label == KOZO_NO_MEMORY);
    return count;
}

TEST("sessions that lock all they can leave each other one its part, and all is free when they end")
{
    uint32_t error = KOZO_OK;
    uint64_t file[HOST_SESSIONS];
    start();
    for (size_t place = 0; place < HOST_SESSIONS; place++) {
        file[place] = make(place, root[place], KOZO_NODE_FILE, 0, &error);
        REQUIRE(error == KOZO_OK);
    }
    CHECK(lock_all(1, file[1]) == LOCKS / 2 && lock_all(2, file[2]) == LOCKS / 4);
    CHECK(lock_all(3, file[3]) == LOCKS / 8 && lock_all(0, file[0]) == LOCKS / 8);
    end();
}

TEST("as many requests as fit the rings of all sessions wait at a time")
{
    start();
    size_t before = host_completed();
    uint64_t number = 1ul << 40;
    for (size_t i = 0; i < KOZO_SESSION_ENTRIES * HOST_SESSIONS; i++) {
        size_t place = i % HOST_SESSIONS;
        struct kozo_message message = {.info = {.length = 2, .label = KOZO_FILES_SYNC},
                                       .word = {root[place], 1}};
        host_session(place);
        CHECK(host_begin(&message, ++number).info.label == KOZO_PENDING);
    }
    host_turn(1000);
    CHECK(host_completed() == before + KOZO_SESSION_ENTRIES * HOST_SESSIONS);
    end();
}
