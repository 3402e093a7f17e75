// SPDX-License-Identifier: MIT
// A client that has not everything: /ram/own to read and write, /ram/shown to read, /initrd/bin to
// read. The files are made beforehand, by commands.
//
// It is given: a session with `files` with these places.
#include <kozo/print.h>
#include <string.h>

#include "client.h"
#include "test.h"

constexpr uint64_t TOP = 1;

static uint8_t bytes[4096];

void test_clean(void)
{
}

static bool lists_just(uint64_t folder, const char *const *names, size_t count)
{
    struct client_count listed = client_list(folder, 0, bytes, sizeof bytes);
    size_t found = 0;
    for (uint64_t at = 0; listed.error == KOZO_OK && at < listed.done;) {
        struct kozo_folder_entry entry;
        memcpy(&entry, bytes + at, sizeof entry);
        bool known = false;
        for (size_t i = 0; i < count; i++) {
            known = known || (strlen(names[i]) == entry.length &&
                              memcmp(names[i], bytes + at + sizeof entry, entry.length) == 0);
        }
        if (!known) {
            return false;
        }
        found++;
        at += sizeof entry + ((entry.length + 7ul) & ~7ul);
    }
    return found == count;
}

TEST("folders above a place show the way to it and nothing else")
{
    struct client_file ram = client_walk(TOP, "ram");
    REQUIRE(ram.error == KOZO_OK);
    CHECK(lists_just(TOP, (const char *const[]){"ram", "initrd"}, 2));
    CHECK(lists_just(ram.file, (const char *const[]){"own", "shown"}, 2));
    CHECK(client_close(ram.file) == KOZO_OK);
}

TEST("what lies outside is refused alike, whether it is there or not")
{
    CHECK(client_walk(TOP, "ram/secret/file").error == KOZO_NO_RIGHT);
    CHECK(client_walk(TOP, "ram/nosuch").error == KOZO_NO_RIGHT);
    CHECK(client_walk(TOP, "initrd/readme.txt").error == KOZO_NO_RIGHT);
    CHECK(client_walk(TOP, "initrd/nosuch").error == KOZO_NO_RIGHT);
    CHECK(client_walk(TOP, "disk").error == KOZO_NO_RIGHT);
    CHECK(client_look(TOP, "ram/secret/file").error == KOZO_NO_RIGHT);
    struct client_file ram = client_walk(TOP, "ram");
    CHECK(client_make(ram.file, "new", KOZO_NODE_FILE).error == KOZO_NO_RIGHT);
    CHECK(client_remove(ram.file, "own") == KOZO_NO_RIGHT);
    CHECK(client_rename(ram.file, "secret", ram.file, "own", true) == KOZO_NO_RIGHT);
    CHECK(client_close(ram.file) == KOZO_OK);
}

TEST("a place to read is read and not changed; one to write is changed")
{
    struct client_file shown = client_walk(TOP, "ram/shown");
    struct client_file file = client_walk(TOP, "ram/shown/file");
    struct client_file own = client_walk(TOP, "ram/own");
    REQUIRE(shown.error == KOZO_OK && file.error == KOZO_OK && own.error == KOZO_OK);
    CHECK(client_read(file.file, 0, bytes, 5).done == 5);
    CHECK(client_write(file.file, 0, "x", 1).error == KOZO_NO_RIGHT);
    CHECK(client_set_size(file.file, 0) == KOZO_NO_RIGHT);
    CHECK(client_pages(file.file, 0, true, 0).error == KOZO_NO_RIGHT);
    CHECK(client_make(shown.file, "new", KOZO_NODE_FILE).error == KOZO_NO_RIGHT);
    struct client_file made = client_make(own.file, "made", KOZO_NODE_FILE);
    CHECK(made.error == KOZO_OK && client_write(made.file, 0, "mine", 4).done == 4);
    CHECK(client_close(made.file) == KOZO_OK);
    // The file was given its attribute by others.
    CHECK(client_attribute(file.file, "user.shown", bytes, sizeof bytes).done == 4);
    CHECK(client_set_attribute(file.file, "user.shown", "x", 1, 0) == KOZO_NO_RIGHT);
    CHECK(client_remove_attribute(file.file, "user.shown") == KOZO_NO_RIGHT);
    // Link and rename need rights at both ends.
    CHECK(client_link(file.file, own.file, "stolen") == KOZO_NO_RIGHT);
    CHECK(client_rename(shown.file, "file", own.file, "stolen", true) == KOZO_NO_RIGHT);
    CHECK(client_rename(own.file, "made", shown.file, "planted", true) == KOZO_NO_RIGHT);
    CHECK(client_remove(own.file, "made") == KOZO_OK);
    CHECK(client_close(own.file) == KOZO_OK && client_close(file.file) == KOZO_OK);
    CHECK(client_close(shown.file) == KOZO_OK);
}

TEST("the folder where a place begins can't be moved away while it is in use")
{
    struct client_file folder = client_walk(TOP, "ram/own");
    REQUIRE(folder.error == KOZO_OK);
    struct client_file inner = client_make(folder.file, "inner", KOZO_NODE_FOLDER);
    struct client_file file = client_make(inner.file, "file", KOZO_NODE_FILE);
    REQUIRE(inner.error == KOZO_OK && file.error == KOZO_OK);
    // Within the place everything may move, and what is open goes along.
    CHECK(client_rename(inner.file, "file", folder.file, "moved", false) == KOZO_OK);
    CHECK(client_write(file.file, 0, "x", 1).done == 1);
    CHECK(client_remove(folder.file, "moved") == KOZO_OK);
    CHECK(client_remove(folder.file, "inner") == KOZO_OK);
    CHECK(client_close(file.file) == KOZO_OK && client_close(inner.file) == KOZO_OK);
    CHECK(client_close(folder.file) == KOZO_OK);
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
