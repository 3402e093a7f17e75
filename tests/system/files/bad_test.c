// SPDX-License-Identifier: MIT
// Volumes that are silent, late, or lie, beside one that is well: each harms itself only.
//
// It is given: a session with a file server that shows /ram, /small, /silent, /late and /liar.
#include <kozo/print.h>
#include <string.h>

#include "client.h"
#include "test.h"

constexpr uint64_t TOP = 1;

static uint8_t bytes[4096];

void test_clean(void)
{
}

// Begins a walk, for which nobody waits yet.
static uint64_t begin_walk(const char *path)
{
    memcpy(client.data + 8192, path, strlen(path));
    return kozo_files_walk_begin(&client, TOP, 8192, strlen(path));
}

// What the well volume does meanwhile.
static bool others_go_on(unsigned rounds)
{
    for (unsigned i = 0; i < rounds; i++) {
        struct client_file made =
            client_make(client_walk(TOP, "ram").file, "beside", KOZO_NODE_FILE);
        struct client_file folder = client_walk(TOP, "ram");
        bool good = made.error == KOZO_OK && client_write(made.file, 0, "x", 1).done == 1 &&
                    client_read(made.file, 0, bytes, 1).done == 1 &&
                    client_remove(folder.file, "beside") == KOZO_OK &&
                    client_close(made.file) == KOZO_OK && client_close(folder.file) == KOZO_OK;
        if (!good) {
            return false;
        }
    }
    return true;
}

TEST("a volume that never answers keeps its own requests, and each can be cancelled")
{
    struct kozo_entry entry;
    uint64_t number = begin_walk("silent/file");
    REQUIRE(number != 0);
    CHECK(others_go_on(20));
    CHECK(!kozo_session_lost(&client, number));
    struct kozo_message message = {
        .info = {.length = 1, .label = KOZO_REQUEST_CANCEL},
        .word = {number},
    };
    REQUIRE(kozo_session_begin(&client, &message) != 0);
    CHECK(client_await(number, &entry) == KOZO_CANCELLED);
    CHECK(others_go_on(5));
}

TEST("more requests to it than can be under way wait, and are cancelled too")
{
    struct kozo_entry entry;
    uint64_t numbers[12];
    for (unsigned round = 0; round < 3; round++) {
        for (size_t i = 0; i < 12; i++) {
            numbers[i] = begin_walk("silent/other");
            REQUIRE(numbers[i] != 0);
        }
        for (size_t i = 0; i < 12; i++) {
            CHECK(kozo_cancel(client.service, numbers[i]) == KOZO_OK);
            CHECK(client_await(numbers[i], &entry) == KOZO_CANCELLED);
        }
    }
    CHECK(others_go_on(5));
}

TEST("a volume that answers late is waited for by who asked it, and by nobody else")
{
    struct kozo_entry entry;
    uint64_t number = begin_walk("late/file");
    REQUIRE(number != 0);
    CHECK(others_go_on(20));
    CHECK(client_await(number, &entry) == KOZO_OK);
    CHECK(kozo_files_walk_end(&entry).kind == KOZO_NODE_FILE);
    CHECK(client_close(kozo_files_walk_end(&entry).file) == KOZO_OK);
}

TEST(
    "a volume that lies about names, kinds, records, lists, lengths and attributes is not believed")
{
    struct client_file root = client_walk(TOP, "liar");
    REQUIRE(root.error == KOZO_OK);
    for (unsigned i = 0; i < 7; i++) {
        struct client_file found = client_walk(root.file, "name");
        if (found.error == KOZO_OK) {
            // The one answer that may be true: a file, which can't be read.
            CHECK(found.kind == KOZO_NODE_FILE);
            CHECK(client_read(found.file, 0, bytes, 100).error == KOZO_NO_REPLY);
            CHECK(client_close(found.file) == KOZO_OK);
        } else {
            CHECK(found.error == KOZO_NO_REPLY);
        }
    }
    for (unsigned i = 0; i < 5; i++) {
        CHECK(client_list(root.file, 0, bytes, sizeof bytes).error == KOZO_NO_REPLY);
    }
    for (unsigned i = 0; i < 4; i++) {
        CHECK(client_attributes(root.file, bytes, sizeof bytes).error == KOZO_NO_REPLY);
    }
    CHECK(client_attribute(root.file, "name", bytes, sizeof bytes).error == KOZO_NO_REPLY);
    CHECK(client_make(root.file, "new", KOZO_NODE_FILE).error == KOZO_NO_REPLY);
    CHECK(client_make(root.file, "folder", KOZO_NODE_FOLDER).error == KOZO_NO_REPLY);
    CHECK(client_close(root.file) == KOZO_OK);
    CHECK(others_go_on(5));
}

TEST("a volume with little memory for requests has all but extended attributes")
{
    struct client_file root = client_walk(TOP, "small");
    REQUIRE(root.error == KOZO_OK);
    struct client_file made = client_make(root.file, "file", KOZO_NODE_FILE);
    CHECK(made.error == KOZO_OK && client_write(made.file, 0, "x", 1).done == 1);
    CHECK(client_set_attribute(made.file, "a", "x", 1, 0) == KOZO_NO_MEMORY);
    CHECK(client_attribute(made.file, "a", bytes, sizeof bytes).error == KOZO_NO_MEMORY);
    CHECK(client_attributes(made.file, bytes, sizeof bytes).error == KOZO_NO_MEMORY);
    CHECK(client_remove_attribute(made.file, "a") == KOZO_NO_MEMORY);
    CHECK(client_remove(root.file, "file") == KOZO_OK && client_close(made.file) == KOZO_OK);
    CHECK(client_close(root.file) == KOZO_OK);
}

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    if (!client_open()) {
        kozo_print("there is no file server\n");
        return 1;
    }
    return test_main();
}
