// SPDX-License-Identifier: MIT
// The limits of the file server and of a volume, which is named: each is an ordinary error or success, and all goes on
// after it. `limits VOLUME`; the volume may not be so large that it can't be filled.
//
// It is given: a session with `files` with `place / rw`.
#include <kozo/format.h>
#include <kozo/print.h>
#include <kozo/start.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "test.h"

constexpr uint64_t TOP = 1;
constexpr size_t LARGE = 200'000;
constexpr size_t MANY_MOST = 10'000;

static const char *volume;
static uint64_t root; // of the volume
static size_t many;   // files in one folder
static uint8_t bytes[LARGE];
static uint8_t other[LARGE];

void test_clean(void)
{
}

static uint64_t slots(void)
{
    return kozo_process_info()->free_slot;
}

static uint64_t make_file(const char *name)
{
    struct client_file made = client_make(root, name, KOZO_NODE_FILE);
    CHECK(made.error == KOZO_OK);
    return made.file;
}

static void number_name(char *name, size_t number)
{
    kozo_format(name, 32, "file-number-%lu", number);
}

TEST("a sparse file of 4 GiB takes the room of what is in it")
{
    uint64_t file = make_file("sparse");
    CHECK(client_set_size(file, 4ul << 30) == KOZO_OK);
    CHECK(client_write(file, (4ul << 30) - 3, "end", 3).done == 3);
    CHECK(client_read(file, (4ul << 30) - 4, other, 10).done == 4 &&
          memcmp(other, "\0end", 4) == 0);
    CHECK(client_read(file, 2ul << 30, other, 100).done == 100 && other[0] == 0 && other[99] == 0);
    CHECK(client_sync(file, false) == KOZO_OK);
    struct client_file told = client_stat(file);
    CHECK(told.stat.size == 4ul << 30 && told.stat.blocks < 64);
    CHECK(client_close(file) == KOZO_OK && client_remove(root, "sparse") == KOZO_OK);
}

TEST("names are any bytes but zero and slash, up to 255 of them")
{
    uint8_t name[255];
    for (size_t i = 0; i < sizeof name; i++) {
        name[i] = (uint8_t)(i + 1);
    }
    name['/' - 1] = 0xfe;
    struct client_file made = client_make_bytes(root, name, sizeof name, KOZO_NODE_FILE);
    REQUIRE(made.error == KOZO_OK);
    CHECK(client_close(made.file) == KOZO_OK);
    struct client_file found = client_walk_bytes(root, name, sizeof name);
    CHECK(found.error == KOZO_OK && client_close(found.file) == KOZO_OK);
    name[254] = 0;
    memcpy(client.data, name, 254);
    struct kozo_files_remove_result removed = kozo_files_remove(client.service, root, 0, 254, 0);
    CHECK(removed.error == KOZO_BAD_HANDLE || removed.pending != 0);
    struct kozo_entry entry;
    if (removed.pending != 0) {
        CHECK(client_await(removed.pending, &entry) == KOZO_BAD_HANDLE);
    }
    name[254] = 255;
    memcpy(client.data, name, sizeof name);
    removed = kozo_files_remove(client.service, root, 0, sizeof name, 0);
    CHECK(removed.error == KOZO_OK || removed.pending != 0);
    CHECK(removed.pending == 0 || client_await(removed.pending, &entry) == KOZO_OK);
    CHECK(client_walk_bytes(root, name, sizeof name).error == KOZO_BAD_HANDLE);
}

TEST("a path of 4096 bytes is walked, a longer one is refused")
{
    constexpr size_t DEPTH = 2048;
    static uint64_t folder[DEPTH + 1];
    static char path[2 * DEPTH + 1];
    folder[0] = root;
    for (size_t i = 0; i < DEPTH; i++) {
        path[2 * i] = 'd';
        path[2 * i + 1] = '/';
        struct client_file made = client_make(folder[i], "d", KOZO_NODE_FOLDER);
        REQUIRE(made.error == KOZO_OK);
        folder[i + 1] = made.file;
    }
    struct client_file reached = client_walk_bytes(root, path, 4095);
    CHECK(reached.error == KOZO_OK && reached.used == 4095);
    CHECK(client_close(reached.file) == KOZO_OK);
    path[4094] = 'x';
    path[4095] = 'y';
    enum kozo_error missing = client_walk_bytes(root, path, 4096).error;
    CHECK(missing == KOZO_BAD_HANDLE || missing == KOZO_BAD_ARGUMENT); // Linux has no path so long
    CHECK(client_walk_bytes(root, path, 4097).error == KOZO_BAD_ARGUMENT);
    for (size_t i = DEPTH; i > 0; i--) {
        CHECK(client_close(folder[i]) == KOZO_OK);
        REQUIRE(client_remove(folder[i - 1], "d") == KOZO_OK);
    }
}

TEST("a folder of thousands of files lists each once, finds any, and is emptied")
{
    static bool seen[MANY_MOST];
    char name[32];
    struct client_file folder = client_make(root, "many", KOZO_NODE_FOLDER);
    REQUIRE(folder.error == KOZO_OK);
    for (size_t i = 0; i < many; i++) {
        number_name(name, i);
        struct client_file made = client_make(folder.file, name, KOZO_NODE_FILE);
        REQUIRE(made.error == KOZO_OK);
        REQUIRE(client_close(made.file) == KOZO_OK);
    }
    size_t listed = 0;
    uint64_t from = 0;
    struct client_count part = client_list(folder.file, 0, bytes, 50'000);
    while (part.error == KOZO_OK && part.done > 0) {
        for (uint64_t at = 0; at < part.done;) {
            struct kozo_folder_entry entry;
            memcpy(&entry, bytes + at, sizeof entry);
            size_t number = 0;
            for (size_t i = 12; i < entry.length; i++) {
                number = number * 10 + (size_t)(bytes[at + sizeof entry + i] - '0');
            }
            REQUIRE(number < many && !seen[number]);
            seen[number] = true;
            listed++;
            from = entry.next;
            at += sizeof entry + ((entry.length + 7ul) & ~7ul);
        }
        part = client_list(folder.file, from, bytes, 50'000);
    }
    CHECK(listed == many && part.error == KOZO_OK);
    for (size_t i = 0; i < many; i += 997) {
        number_name(name, i);
        struct client_file found = client_walk(folder.file, name);
        CHECK(found.error == KOZO_OK && client_close(found.file) == KOZO_OK);
    }
    for (size_t i = 0; i < many; i++) {
        number_name(name, i);
        REQUIRE(client_remove(folder.file, name) == KOZO_OK);
    }
    CHECK(client_list(folder.file, 0, bytes, 50'000).done == 0);
    CHECK(client_close(folder.file) == KOZO_OK && client_remove(root, "many") == KOZO_OK);
}

TEST("a session has so many files open and no more, and goes on after closing")
{
    static uint64_t opened[8192];
    size_t count = 0;
    struct client_file file = client_walk(TOP, volume);
    while (file.error == KOZO_OK && count < 8192) {
        opened[count++] = file.file;
        file = client_walk(TOP, volume);
    }
    CHECK(file.error == KOZO_NO_MEMORY && count > 4000 && count < 8192);
    while (count > 0) {
        CHECK(client_close(opened[--count]) == KOZO_OK);
    }
    file = client_walk(TOP, volume);
    CHECK(file.error == KOZO_OK && client_close(file.file) == KOZO_OK);
}

static void give_back(size_t number)
{
    CHECK(kozo_cnode_delete((struct kozo_slot){slots() + number}) == KOZO_OK);
}

// Makes files and has their first page lent, until that is refused.
static size_t borrow_all(uint64_t folder, size_t most, enum kozo_error *error)
{
    char name[32];
    size_t lent = 0;
    *error = KOZO_OK;
    while (*error == KOZO_OK && lent < most) {
        number_name(name, lent);
        struct client_file made = client_make(folder, name, KOZO_NODE_FILE);
        CHECK(made.error == KOZO_OK && client_write(made.file, 0, name, 4).done == 4);
        *error = client_pages(made.file, 0, false, slots() + lent).error;
        lent += *error == KOZO_OK ? 1 : 0;
        CHECK(client_close(made.file) == KOZO_OK);
    }
    return lent;
}

TEST(
    "a session is lent half of what can be lent and no more, is served all else, and is lent again "
    "what it gave back")
{
    constexpr size_t SLOTS = 256;
    char name[32];
    enum kozo_error error = KOZO_OK;
    struct client_file folder = client_make(root, "lent", KOZO_NODE_FOLDER);
    REQUIRE(folder.error == KOZO_OK);
    size_t lent = borrow_all(folder.file, SLOTS + 1, &error);
    CHECK(error == KOZO_NO_MEMORY && lent == SLOTS);
    number_name(name, lent);
    struct client_file last = client_walk(folder.file, name);
    REQUIRE(last.error == KOZO_OK);
    CHECK(client_read(last.file, 0, other, 10).done == 4 && memcmp(other, "file", 4) == 0);
    CHECK(client_write(last.file, 4, "more", 4).done == 4 &&
          client_sync(last.file, false) == KOZO_OK);
    CHECK(client_pages(last.file, 0, false, slots() + lent).error == KOZO_NO_MEMORY);
    give_back(77);
    CHECK(client_pages(last.file, 0, false, slots() + 77).error == KOZO_OK);
    CHECK(client_close(last.file) == KOZO_OK);
    for (size_t i = 0; i < lent; i++) {
        give_back(i);
    }
    for (size_t i = 0; i <= lent; i++) {
        number_name(name, i);
        CHECK(client_remove(folder.file, name) == KOZO_OK);
    }
    CHECK(client_close(folder.file) == KOZO_OK && client_remove(root, "lent") == KOZO_OK);
}

TEST("a session is lent no more than its part of the memory for contents, however few runs that is")
{
    constexpr uint64_t MOST = 64 << 20;
    uint64_t file = make_file("wide");
    REQUIRE(client_set_size(file, MOST) == KOZO_OK);
    uint64_t lent = 0;
    size_t runs = 0;
    struct kozo_files_pages_result pages = client_pages(file, 0, false, slots());
    while (pages.error == KOZO_OK && lent < MOST) {
        lent += pages.size;
        runs++;
        pages = client_pages(file, lent, false, slots() + runs);
    }
    CHECK(pages.error == KOZO_NO_MEMORY && lent > 8 << 20 && lent <= 16 << 20 && runs < 100);
    CHECK(client_read(file, lent, other, LARGE).done == LARGE);
    for (size_t i = 0; i < runs; i++) {
        give_back(i);
    }
    CHECK(client_pages(file, lent, false, slots()).error == KOZO_OK);
    give_back(0);
    CHECK(client_close(file) == KOZO_OK && client_remove(root, "wide") == KOZO_OK);
}

TEST("a full volume takes what fits and says so; removing makes room again")
{
    struct kozo_files_describe_result before = client_describe(root);
    uint64_t file = make_file("filling");
    uint64_t written = 0;
    struct client_count part = {.done = LARGE};
    for (size_t i = 0; i < LARGE; i++) {
        bytes[i] = (uint8_t)(i % 251);
    }
    while (part.error == KOZO_OK && part.done == LARGE) {
        part = client_write(file, UINT64_MAX, bytes, LARGE);
        written += part.error == KOZO_OK ? part.done : 0;
    }
    CHECK(part.error == KOZO_OK || part.error == KOZO_NO_MEMORY);
    CHECK(client_write(file, UINT64_MAX, bytes, LARGE).error == KOZO_NO_MEMORY);
    CHECK(written > before.free * before.block * 9 / 10);
    CHECK(client_stat(file).stat.size == written);
    CHECK(client_sync(file, false) == KOZO_OK);
    CHECK(client_read(file, LARGE, other, 1000).done == 1000 && memcmp(other, bytes, 1000) == 0);
    CHECK(client_make(root, "no-room-for-this", KOZO_NODE_FOLDER).error != KOZO_SLOT_TAKEN);
    (void)client_remove(root, "no-room-for-this");
    CHECK(client_close(file) == KOZO_OK && client_remove(root, "filling") == KOZO_OK);
    struct kozo_files_describe_result after = client_describe(root);
    CHECK(after.free + 16 >= before.free);
    file = make_file("after");
    CHECK(client_write(file, 0, bytes, 1000).done == 1000);
    CHECK(client_close(file) == KOZO_OK && client_remove(root, "after") == KOZO_OK);
}

int main(int argument_count, char **arguments)
{
    volume = argument_count > 2 ? arguments[1] : "";
    many = argument_count > 2 ? strtoul(arguments[2], nullptr, 10) : 0;
    many = many < MANY_MOST ? many : MANY_MOST;
    if (!client_open()) {
        kozo_print("there is no file server\n");
        return 1;
    }
    struct client_file walked = client_walk(TOP, volume);
    root = walked.file;
    return walked.error == KOZO_OK ? test_main() : 1;
}
