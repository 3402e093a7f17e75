// SPDX-License-Identifier: MIT
// Delegated sessions above a RAM volume: the place that the list says and no other, at the cost of the client's own session, and what
// becomes of them when they leave the list.
#include "../delegated.h"

#include <stdio.h>
#include <string.h>

#include "../handle.h"
#include "../lock.h"
#include "../operation.h"
#include "../quota.h"
#include "host.h"
#include "test.h"

constexpr uint64_t TOP = 1;
constexpr uint64_t CLIENT = 4ul << 32 | 1; // the session 1

static uint64_t badge_of(uint64_t serial, uint64_t place)
{
    return serial << 32 | KOZO_BADGE_DELEGATED | place;
}

static struct kozo_message call(size_t session, uint32_t label, size_t length, const uint64_t *word)
{
    struct kozo_message message = {.info = {.length = (uint8_t)length, .label = label}};
    memcpy(message.word, word, length * sizeof *word);
    host_session(session);
    return host_call(&message);
}

#define CALL(session, label, ...)                                                                  \
    call(session, label, sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t),                     \
         (uint64_t[]){__VA_ARGS__})

static uint64_t put(const char *path)
{
    size_t length = 0;
    for (; path[length] != '\0'; length++) {
        host_data[length] = (uint8_t)path[length];
    }
    return length;
}

static struct kozo_message walk(size_t session, const char *path)
{
    uint64_t length = put(path);
    return CALL(session, KOZO_FILES_WALK, TOP, 0, length);
}

static struct kozo_message make(size_t session, uint64_t folder, uint64_t kind, const char *name)
{
    uint64_t length = put(name);
    return CALL(session, KOZO_FILES_MAKE, folder, kind, 0755, 0, length, 0);
}

static void enlist(size_t number, uint64_t serial, const char *path, bool writable)
{
    struct kozo_delegation *entry = &host_list.delegation[number];
    *entry = (struct kozo_delegation){
        .badge = badge_of(serial, 1), .client = CLIENT, .writable = writable};
    memcpy(entry->path, path, strlen(path));
}

static void strike(size_t number)
{
    host_list.delegation[number].badge = 0;
    host_list.ended++;
    delegated_look();
}

// /ram/given/file and /ram/beside, made by the session 2.
static void make_files(void)
{
    uint64_t root = walk(2, "ram").word[0];
    uint64_t given = make(2, root, KOZO_NODE_FOLDER, "given").word[0];
    CHECK(make(2, given, KOZO_NODE_FILE, "file").info.label == KOZO_OK);
    CHECK(make(2, root, KOZO_NODE_FILE, "beside").info.label == KOZO_OK);
}

static bool holds_nothing(size_t place)
{
    bool nothing = true;
    for (enum quota what = 0; what < QUOTAS; what++) {
        nothing = nothing && quota_held(what, place) == 0;
    }
    return nothing;
}

// Nobody has anything open, and nothing is delegated.
static void start(void)
{
    static bool started;
    if (!started) {
        host_start(1024, nullptr);
        make_files();
        started = true;
    }
    memset(&host_list, 0, sizeof host_list);
    delegated_drop(HOST_SESSIONS);
    for (size_t place = 0; place < HOST_SESSIONS; place++) {
        operation_drop_all(place);
        lock_drop(place, nullptr);
        handle_close_all(place);
    }
    // What was written is held until it is on the volume.
    for (size_t i = 0; i < 3; i++) {
        host_pass(60'000'000'000);
        host_turn(100);
    }
    CHECK(holds_nothing(1));
}

TEST("a delegated session reaches its place, with its right, and nothing beside it")
{
    start();
    enlist(3, 1, "/ram/given", false);
    enlist(4, 2, "/ram/given", true);
    size_t reader = delegated_find(badge_of(1, 1));
    size_t writer = delegated_find(badge_of(2, 1));
    REQUIRE(reader == KOZO_BOARD_SESSIONS + 3 && writer == KOZO_BOARD_SESSIONS + 4);
    struct kozo_message opened = walk(reader, "ram/given/file");
    CHECK(opened.info.label == KOZO_OK);
    CHECK(CALL(reader, KOZO_FILES_READ, opened.word[0], 0, 0, 8).info.label == KOZO_OK);
    CHECK(CALL(reader, KOZO_FILES_WRITE, opened.word[0], 0, 0, 8).info.label == KOZO_NO_RIGHT);
    CHECK(CALL(writer, KOZO_FILES_READ, opened.word[0], 0, 0, 8).info.label == KOZO_BAD_HANDLE);
    CHECK(CALL(1, KOZO_FILES_READ, opened.word[0], 0, 0, 8).info.label == KOZO_BAD_HANDLE);
    opened = walk(writer, "ram/given/file");
    CHECK(CALL(writer, KOZO_FILES_WRITE, opened.word[0], 0, 0, 8).info.label == KOZO_OK);
    CHECK(walk(writer, "ram/beside").info.label == KOZO_NO_RIGHT);
    struct kozo_message above = walk(writer, "ram");
    CHECK(above.info.label == KOZO_OK);
    CHECK(make(writer, above.word[0], KOZO_NODE_FILE, "x").info.label == KOZO_NO_RIGHT);
}

TEST("a badge that the list does not have, or not for this client, is for nothing")
{
    start();
    enlist(0, 1, "/ram/given", false);
    CHECK(delegated_find(badge_of(2, 1)) == 0 && delegated_find(badge_of(1, 2)) == 0);
    host_list.delegation[0].client = 4ul << 32 | 2;
    CHECK(delegated_find(badge_of(1, 1)) == 0);
    host_list.delegation[0].client = 0;
    CHECK(delegated_find(badge_of(1, 1)) == 0);
    enlist(0, 1, "ram/given", false);
    CHECK(delegated_find(badge_of(1, 1)) == 0);
    memset(host_list.delegation[0].path, '/', KOZO_DELEGATION_PATH);
    CHECK(delegated_find(badge_of(1, 1)) == 0);
    host_list.delegation[0].path[0] = 0;
    CHECK(delegated_find(badge_of(1, 1)) == 0);
    enlist(0, 1, "/", false);
    CHECK(delegated_find(badge_of(1, 1)) == KOZO_BOARD_SESSIONS);
}

TEST("paths with empty names, dots and dots twice lead nowhere")
{
    static const char *const paths[] = {"//",  "/ram//given", "/ram/./given", "/ram/given/..",
                                        "/..", "/.",          "/ram/given/"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        start();
        enlist(0, i + 1, paths[i], true);
        size_t session = delegated_find(badge_of(i + 1, 1));
        REQUIRE(session != 0);
        CHECK(walk(session, "ram/given/file").info.label == KOZO_NO_RIGHT);
        CHECK(walk(session, "ram/beside").info.label == KOZO_NO_RIGHT);
    }
}

TEST("what it has open counts as its client's, and is given back when it has left the list")
{
    start();
    enlist(0, 1, "/ram/given", true);
    size_t session = delegated_find(badge_of(1, 1));
    struct kozo_message opened = walk(session, "ram/given/file");
    CHECK(quota_held(QUOTA_OPEN, 1) == 1 && quota_held(QUOTA_KNOWN, 1) == 3);
    CHECK(CALL(session, KOZO_FILES_LOCK, opened.word[0], 0, 1, KOZO_LOCK_EXCLUSIVE, 0).info.label ==
          KOZO_OK);
    CHECK(quota_held(QUOTA_LOCKS, 1) == 1);
    uint64_t own = walk(1, "ram/beside").word[0];
    strike(0);
    CHECK(quota_held(QUOTA_OPEN, 1) == 1 && quota_held(QUOTA_LOCKS, 1) == 0);
    CHECK(CALL(1, KOZO_FILES_CLOSE, own).info.label == KOZO_OK && holds_nothing(1));
    CHECK(delegated_find(badge_of(1, 1)) == 0);
    // Another one in the same place of the list begins with nothing.
    enlist(0, 2, "/ram/beside", false);
    CHECK(delegated_find(badge_of(2, 1)) == session);
    CHECK(CALL(session, KOZO_FILES_READ, opened.word[0], 0, 0, 8).info.label == KOZO_BAD_HANDLE);
    CHECK(walk(session, "ram/beside").info.label == KOZO_OK);
    CHECK(walk(session, "ram/given/file").info.label == KOZO_NO_RIGHT);
}

TEST("one that took the place of another in the list finds nothing of it, though nobody looked "
     "meanwhile")
{
    start();
    enlist(0, 1, "/ram/given", true);
    size_t session = delegated_find(badge_of(1, 1));
    uint64_t opened = walk(session, "ram/given/file").word[0];
    enlist(0, 2, "/ram/given", true);
    CHECK(delegated_find(badge_of(1, 1)) == 0 && delegated_find(badge_of(2, 1)) == session);
    CHECK(CALL(session, KOZO_FILES_READ, opened, 0, 0, 8).info.label == KOZO_BAD_HANDLE);
    CHECK(holds_nothing(1));
}

TEST("what waits for a volume answers EXPIRED when the delegation ends, and who delegated may "
     "cancel it before")
{
    start();
    enlist(0, 1, "/ram/given", false);
    size_t session = delegated_find(badge_of(1, 1));
    uint64_t length = put("ram/given/none");
    const struct kozo_message message = {.info = {.length = 3, .label = KOZO_FILES_WALK},
                                         .word = {TOP, 0, length}};
    host_session(session);
    CHECK(host_begin(&message, 77).info.label == KOZO_PENDING);
    CHECK(!operation_cancel(2, 77) && operation_cancel(1, 77));
    CHECK(host_begin(&message, 78).info.label == KOZO_PENDING);
    CHECK(host_begin(&message, 79).info.label == KOZO_PENDING);
    CHECK(!operation_cancel(2, 78) && operation_cancel(session, 78));
    size_t before = host_completed();
    strike(0);
    CHECK(host_completed() == before + 1 && host_said() == KOZO_EXPIRED);
    CHECK(!operation_cancel(session, 79) && holds_nothing(1));
}

TEST("it ends with its client, and all of them with who delegates")
{
    start();
    enlist(0, 1, "/ram/given", false);
    enlist(1, 2, "/ram/given", false);
    host_list.delegation[1].badge = badge_of(2, 3);
    host_list.delegation[1].client = 4ul << 32 | 3;
    size_t session = delegated_find(badge_of(1, 1));
    size_t other = delegated_find(badge_of(2, 3));
    (void)walk(session, "ram/given/file");
    (void)walk(other, "ram/given/file");
    // What it stores is stored by its client.
    CHECK(place_pays(session) == 0 && place_pays(3) != 0 && place_pays(other) == place_pays(3));
    delegated_drop(2);
    CHECK(quota_held(QUOTA_OPEN, 1) == 1 && quota_held(QUOTA_OPEN, 3) == 1);
    delegated_drop(1);
    CHECK(holds_nothing(1) && quota_held(QUOTA_OPEN, 3) == 1);
    delegated_drop(HOST_SESSIONS);
    CHECK(holds_nothing(3));
    // Its next life has a new list, in which nothing has ended yet.
    memset(&host_list, 0, sizeof host_list);
    enlist(0, 3, "/ram/given", false);
    (void)walk(delegated_find(badge_of(3, 1)), "ram/given/file");
    CHECK(quota_held(QUOTA_OPEN, 1) == 1);
    strike(0);
    CHECK(holds_nothing(1));
}

TEST("who has many of them has no more than one session may")
{
    start();
    size_t opened = 0;
    for (size_t i = 0; i < KOZO_DELEGATIONS; i++) {
        enlist(i, i + 1, "/ram/given", false);
        size_t session = delegated_find(badge_of(i + 1, 1));
        while (walk(session, "ram/given/file").info.label == KOZO_OK) {
            opened++;
        }
    }
    CHECK(opened == HANDLES / 2);
    CHECK(walk(2, "ram/given/file").info.label == KOZO_OK);
    for (size_t i = 0; i < KOZO_DELEGATIONS; i++) {
        strike(i);
    }
    CHECK(holds_nothing(1));
}
