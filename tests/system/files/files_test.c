// SPDX-License-Identifier: MIT
// The file server, tested by a client: on the RAM volume, what must succeed, then each refusal; then
// limits.
//
// It is given: a session with `files` with `place / rw`, `self`, and `memory` for page tables.
#include <kozo/format.h>
#include <kozo/print.h>
#include <kozo/process_info.h>
#include <kozo/rights.h>
#include <kozo/start.h>
#include <string.h>

#include "client.h"
#include "test.h"

constexpr uint64_t TOP = 1;
constexpr uint64_t PAGE = KOZO_PAGE_SIZE;
constexpr size_t LARGE = 200'000;

static uint64_t ram; // the root of the RAM volume
static uint8_t bytes[LARGE];
static uint8_t other[LARGE];

void test_clean(void)
{
}

static void fill(uint8_t *to, size_t length, uint64_t seed)
{
    for (size_t i = 0; i < length; i++) {
        seed = seed * 6364136223846793005 + 1442695040888963407;
        to[i] = (uint8_t)(seed >> 56);
    }
}

// Makes a file with these contents and leaves it open.
static uint64_t make_file(const char *name, const void *contents, size_t length)
{
    (void)client_remove(ram, name);
    struct client_file made = client_make(ram, name, KOZO_NODE_FILE);
    CHECK(made.error == KOZO_OK);
    CHECK(length == 0 || client_write(made.file, 0, contents, length).done == length);
    return made.file;
}

// --- What must succeed --------------------------------------------------------------------------

TEST("the top shows the volumes that are mounted, and a walk goes into them")
{
    struct client_count listed = client_list(TOP, 0, bytes, sizeof bytes);
    CHECK(listed.error == KOZO_OK && listed.done > 0);
    struct kozo_folder_entry entry;
    memcpy(&entry, bytes, sizeof entry);
    CHECK(entry.kind == KOZO_NODE_FOLDER && entry.length > 0 && entry.node != 0);
    struct client_file file = client_walk(TOP, "initrd/bin/hello");
    REQUIRE(file.error == KOZO_OK);
    CHECK(file.kind == KOZO_NODE_FILE && file.used == 16 && file.stat.size > 1000);
    struct client_file told = client_look(TOP, "initrd/bin/hello");
    CHECK(told.error == KOZO_OK && told.kind == KOZO_NODE_FILE && told.used == 16);
    CHECK(memcmp(&told.stat, &file.stat, sizeof told.stat) == 0);
    CHECK(client_look(TOP, "initrd/bin/nosuch").error == KOZO_BAD_HANDLE);
    CHECK(client_read(file.file, 0, bytes, 4).done == 4 && memcmp(bytes, "\177ELF", 4) == 0);
    CHECK(client_close(file.file) == KOZO_OK);
}

TEST("what is written is read, at any offset and over many pages, also after it went to the volume")
{
    fill(bytes, LARGE, 1);
    uint64_t file = make_file("large", bytes, LARGE);
    for (size_t offset = 0; offset < LARGE; offset += 33'333) {
        size_t length = LARGE - offset < 50'000 ? LARGE - offset : 50'000;
        memset(other, 0, sizeof other);
        CHECK(client_read(file, offset, other, 50'000).done == length);
        CHECK(memcmp(other, bytes + offset, length) == 0);
    }
    CHECK(client_sync(file, false) == KOZO_OK);
    CHECK(client_stat(file).stat.size == LARGE);
    CHECK(client_close(file) == KOZO_OK);
    CHECK(client_remove(ram, "large") == KOZO_OK);
}

TEST("a write at the end finds it, a hole reads as zeros, and parts of pages are kept")
{
    uint64_t file = make_file("parts", "hello", 5);
    struct client_count added = client_write(file, UINT64_MAX, " world", 6);
    CHECK(added.done == 6 && added.end == 11);
    CHECK(client_write(file, 3 * PAGE + 10, "x", 1).done == 1);
    CHECK(client_write(file, 1, "EL", 2).done == 2);
    memset(other, 1, sizeof other);
    CHECK(client_read(file, 0, other, LARGE).done == 3 * PAGE + 11);
    CHECK(memcmp(other, "hELlo world", 11) == 0);
    bool zero = true;
    for (size_t i = 11; i < 3 * PAGE + 10; i++) {
        zero = zero && other[i] == 0;
    }
    CHECK(zero && other[3 * PAGE + 10] == 'x');
    CHECK(client_close(file) == KOZO_OK);
}

TEST("a file that is cut loses its end for good, and grows by zeros")
{
    fill(bytes, 20'000, 2);
    uint64_t file = make_file("cut", bytes, 20'000);
    CHECK(client_set_size(file, 5'000) == KOZO_OK);
    CHECK(client_stat(file).stat.size == 5'000);
    CHECK(client_set_size(file, 20'000) == KOZO_OK);
    CHECK(client_read(file, 0, other, 20'000).done == 20'000);
    CHECK(memcmp(bytes, other, 5'000) == 0);
    bool zero = true;
    for (size_t i = 5'000; i < 20'000; i++) {
        zero = zero && other[i] == 0;
    }
    CHECK(zero);
    CHECK(client_sync(file, false) == KOZO_OK);
    CHECK(client_set_size(file, 100) == KOZO_OK && client_set_size(file, 6'000) == KOZO_OK);
    CHECK(client_read(file, 99, other, 2).done == 2 && other[0] == bytes[99] && other[1] == 0);
    CHECK(client_close(file) == KOZO_OK);
}

TEST("a sparse file of 4 GiB takes the room of what is in it")
{
    uint64_t file = make_file("sparse", "", 0);
    CHECK(client_set_size(file, 4ul << 30) == KOZO_OK);
    CHECK(client_write(file, (4ul << 30) - 3, "end", 3).done == 3);
    CHECK(client_read(file, (4ul << 30) - 4, other, 10).done == 4 &&
          memcmp(other, "\0end", 4) == 0);
    CHECK(client_read(file, 2ul << 30, other, 100).done == 100 && other[0] == 0 && other[99] == 0);
    CHECK(client_sync(file, false) == KOZO_OK);
    struct client_file told = client_stat(file);
    CHECK(told.stat.size == 4ul << 30 && told.stat.blocks < 64);
    CHECK(client_close(file) == KOZO_OK && client_remove(ram, "sparse") == KOZO_OK);
}

TEST("names are any bytes but zero and slash, up to 255 of them")
{
    uint8_t name[255];
    for (size_t i = 0; i < sizeof name; i++) {
        name[i] = (uint8_t)(i + 1);
    }
    name['/' - 1] = 0xfe;
    struct client_file made = client_make_bytes(ram, name, sizeof name, KOZO_NODE_FILE);
    REQUIRE(made.error == KOZO_OK);
    CHECK(client_close(made.file) == KOZO_OK);
    struct client_file found = client_walk_bytes(ram, name, sizeof name);
    CHECK(found.error == KOZO_OK && client_close(found.file) == KOZO_OK);
    name[254] = 0;
    memcpy(client.data, name, 254);
    struct kozo_files_remove_result removed = kozo_files_remove(client.service, ram, 0, 254, 0);
    CHECK(removed.error == KOZO_BAD_HANDLE || removed.pending != 0);
    struct kozo_entry entry;
    if (removed.pending != 0) {
        CHECK(client_await(removed.pending, &entry) == KOZO_BAD_HANDLE);
    }
}

TEST("a path of 4096 bytes is walked, a longer one is refused")
{
    static char path[4097];
    uint64_t folder = ram;
    for (size_t i = 0; i < 2048; i++) {
        path[2 * i] = 'd';
        path[2 * i + 1] = '/';
    }
    for (size_t i = 0; i < 2048; i++) {
        struct client_file made = client_make(folder, "d", KOZO_NODE_FOLDER);
        REQUIRE(made.error == KOZO_OK);
        if (folder != ram) {
            CHECK(client_close(folder) == KOZO_OK);
        }
        folder = made.file;
    }
    CHECK(client_close(folder) == KOZO_OK);
    struct client_file reached = client_walk_bytes(ram, path, 4095);
    CHECK(reached.error == KOZO_OK && reached.used == 4095);
    CHECK(client_close(reached.file) == KOZO_OK);
    path[4094] = 'x';
    path[4095] = 'y';
    CHECK(client_walk_bytes(ram, path, 4096).error == KOZO_BAD_HANDLE);
    CHECK(client_walk_bytes(ram, path, 4097).error == KOZO_BAD_ARGUMENT);
    path[4094] = 'd';
    // Taken away from the deepest on.
    for (size_t depth = 2048; depth > 1; depth--) {
        struct client_file parent = client_walk_bytes(ram, path, 2 * (depth - 1) - 1);
        REQUIRE(parent.error == KOZO_OK);
        CHECK(client_remove(parent.file, "d") == KOZO_OK);
        CHECK(client_close(parent.file) == KOZO_OK);
    }
    CHECK(client_remove(ram, "d") == KOZO_OK);
}

static void number_name(char *name, size_t number)
{
    kozo_format(name, 32, "file-number-%lu", number);
}

TEST("a folder of 10,000 files lists each once, finds any, and is emptied")
{
    constexpr size_t COUNT = 10'000;
    static bool seen[COUNT];
    char name[32];
    struct client_file folder = client_make(ram, "many", KOZO_NODE_FOLDER);
    REQUIRE(folder.error == KOZO_OK);
    for (size_t i = 0; i < COUNT; i++) {
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
            REQUIRE(number < COUNT && !seen[number]);
            seen[number] = true;
            listed++;
            from = entry.next;
            at += sizeof entry + ((entry.length + 7ul) & ~7ul);
        }
        part = client_list(folder.file, from, bytes, 50'000);
    }
    CHECK(listed == COUNT && part.error == KOZO_OK);
    for (size_t i = 0; i < COUNT; i += 997) {
        number_name(name, i);
        struct client_file found = client_walk(folder.file, name);
        CHECK(found.error == KOZO_OK && client_close(found.file) == KOZO_OK);
    }
    for (size_t i = 0; i < COUNT; i++) {
        number_name(name, i);
        REQUIRE(client_remove(folder.file, name) == KOZO_OK);
    }
    CHECK(client_list(folder.file, 0, bytes, 50'000).done == 0);
    CHECK(client_close(folder.file) == KOZO_OK && client_remove(ram, "many") == KOZO_OK);
}

TEST("links are shown, read and not followed")
{
    struct client_file link = client_make_link(ram, "link", "some/where");
    REQUIRE(link.error == KOZO_OK);
    CHECK(client_read(link.file, 0, other, 100).done == 10 && memcmp(other, "some/where", 10) == 0);
    CHECK(client_close(link.file) == KOZO_OK);
    struct client_file reached = client_walk(ram, "link/further");
    CHECK(reached.error == KOZO_OK && reached.used == 4 && reached.kind == KOZO_NODE_LINK);
    CHECK(client_close(reached.file) == KOZO_OK && client_remove(ram, "link") == KOZO_OK);
}

TEST("a file has several names, and lives without any as long as it is open")
{
    uint64_t file = make_file("one", "contents", 8);
    CHECK(client_link(file, ram, "two") == KOZO_OK);
    CHECK(client_stat(file).stat.links == 2);
    CHECK(client_remove(ram, "one") == KOZO_OK && client_remove(ram, "two") == KOZO_OK);
    CHECK(client_walk(ram, "two").error == KOZO_BAD_HANDLE);
    CHECK(client_stat(file).stat.links == 0);
    CHECK(client_read(file, 0, other, 100).done == 8 && memcmp(other, "contents", 8) == 0);
    CHECK(client_write(file, 8, "more", 4).done == 4);
    CHECK(client_close(file) == KOZO_OK);
}

TEST("a name moves to another folder, over another file, and the open file goes along")
{
    uint64_t file = make_file("from", "moved", 5);
    uint64_t over = make_file("over", "lost", 4);
    struct client_file folder = client_make(ram, "folder", KOZO_NODE_FOLDER);
    REQUIRE(folder.error == KOZO_OK);
    CHECK(client_rename(ram, "from", folder.file, "to", false) == KOZO_OK);
    CHECK(client_walk(ram, "from").error == KOZO_BAD_HANDLE);
    CHECK(client_rename(folder.file, "to", ram, "over", false) == KOZO_SLOT_TAKEN);
    CHECK(client_rename(folder.file, "to", ram, "over", true) == KOZO_OK);
    CHECK(client_read(file, 0, other, 100).done == 5 && memcmp(other, "moved", 5) == 0);
    CHECK(client_read(over, 0, other, 100).done == 4 && memcmp(other, "lost", 4) == 0);
    CHECK(client_close(file) == KOZO_OK && client_close(over) == KOZO_OK);
    struct client_file found = client_walk(ram, "over");
    CHECK(found.error == KOZO_OK && found.stat.size == 5);
    CHECK(client_close(found.file) == KOZO_OK && client_close(folder.file) == KOZO_OK);
    CHECK(client_remove(ram, "folder") == KOZO_OK && client_remove(ram, "over") == KOZO_OK);
}

TEST("mode, owner and times are kept, also when contents go to the volume later")
{
    uint64_t file = make_file("times", "abc", 3);
    struct kozo_node_stat stat = {
        .mode = 0751, .user = 7, .group = 8, .accessed = 1'000, .modified = 123'456'789};
    CHECK(client_change(file, &stat,
                        KOZO_CHANGE_MODE | KOZO_CHANGE_OWNER | KOZO_CHANGE_ACCESSED |
                            KOZO_CHANGE_MODIFIED) == KOZO_OK);
    CHECK(client_sync(file, false) == KOZO_OK);
    struct kozo_node_stat told = client_stat(file).stat;
    CHECK(told.mode == 0751 && told.user == 7 && told.group == 8 && told.accessed == 1'000);
    CHECK(told.modified == 123'456'789);
    CHECK(client_close(file) == KOZO_OK && client_remove(ram, "times") == KOZO_OK);
}

TEST("room and limits of a volume are told")
{
    struct kozo_files_describe_result told = client_describe(ram);
    CHECK(told.error == KOZO_OK && told.block == PAGE && told.blocks > told.free / 2);
    CHECK((told.flags & KOZO_VOLUME_READ_ONLY) == 0);
    struct client_file initrd = client_walk(TOP, "initrd");
    REQUIRE(initrd.error == KOZO_OK);
    CHECK((client_describe(initrd.file).flags & KOZO_VOLUME_READ_ONLY) != 0);
    CHECK(client_close(initrd.file) == KOZO_OK);
}

// --- Memory of files ----------------------------------------------------------------------------

static uint64_t slots(void)
{
    return kozo_process_info()->free_slot;
}

static bool map(uint64_t slot, uint64_t address, uint64_t size, uint32_t rights)
{
    static bool fed;
    if (!fed) {
        fed = kozo_pool_donate((struct kozo_pool){kozo_granted("self.pool")},
                               (struct kozo_untyped){kozo_granted("memory")}) == KOZO_OK;
    }
    return kozo_frame_map((struct kozo_frame){slot}, (struct kozo_slot){slot + 1},
                          (struct kozo_address_space){kozo_granted("self.space")}, address, 0, size,
                          rights) == KOZO_OK;
}

TEST("pages of a file are mapped, show what is written later, and end with zeros")
{
    fill(bytes, 10'000, 3);
    uint64_t file = make_file("mapped", bytes, 10'000);
    struct kozo_files_pages_result pages = client_pages(file, 4096, false, slots());
    REQUIRE(pages.error == KOZO_OK && pages.start <= 4096);
    REQUIRE(map(slots(), KOZO_PROCESS_FREE, pages.size, KOZO_RIGHT_READ));
    const volatile uint8_t *seen = (const volatile uint8_t *)KOZO_PROCESS_FREE;
    bool equal = true;
    for (uint64_t i = 0; i < pages.size && pages.start + i < 10'000; i++) {
        equal = equal && seen[i] == bytes[pages.start + i];
    }
    CHECK(equal);
    CHECK(client_write(file, 5'000, "new", 3).done == 3);
    CHECK(seen[5'000 - pages.start] == 'n');
    if (pages.start + pages.size > 10'000) {
        CHECK(seen[10'000 - pages.start] == 0);
    }
    CHECK(kozo_frame_map((struct kozo_frame){slots()}, (struct kozo_slot){slots() + 2},
                         (struct kozo_address_space){kozo_granted("self.space")},
                         KOZO_PROCESS_FREE + (1ul << 30), 0, pages.size,
                         KOZO_RIGHT_READ | KOZO_RIGHT_WRITE) == KOZO_NO_RIGHT);
    CHECK(kozo_cnode_delete((struct kozo_slot){slots() + 1}) == KOZO_OK);
    CHECK(kozo_cnode_delete((struct kozo_slot){slots()}) == KOZO_OK);
    CHECK(client_close(file) == KOZO_OK && client_remove(ram, "mapped") == KOZO_OK);
}

TEST("pages that may be written are a part of the file, and a sync takes them along")
{
    uint64_t file = make_file("shared", "0123456789", 10);
    struct kozo_files_pages_result pages = client_pages(file, 0, true, slots());
    REQUIRE(pages.error == KOZO_OK && pages.start == 0);
    REQUIRE(map(slots(), KOZO_PROCESS_FREE, pages.size, KOZO_RIGHT_READ | KOZO_RIGHT_WRITE));
    *(volatile uint8_t *)(KOZO_PROCESS_FREE + 4) = 'X';
    CHECK(client_read(file, 0, other, 10).done == 10 && memcmp(other, "0123X56789", 10) == 0);
    CHECK(client_sync(file, false) == KOZO_OK);
    CHECK(kozo_cnode_delete((struct kozo_slot){slots() + 1}) == KOZO_OK);
    CHECK(kozo_cnode_delete((struct kozo_slot){slots()}) == KOZO_OK);
    CHECK(client_close(file) == KOZO_OK && client_remove(ram, "shared") == KOZO_OK);
}

// --- Refusals -----------------------------------------------------------------------------------

TEST("numbers that were not given, or were closed, are refused")
{
    uint64_t file = make_file("number", "x", 1);
    CHECK(client_read(0, 0, other, 1).error == KOZO_BAD_HANDLE);
    CHECK(client_read(file + 1, 0, other, 1).error == KOZO_BAD_HANDLE);
    CHECK(client_read(UINT64_MAX, 0, other, 1).error == KOZO_BAD_HANDLE);
    CHECK(client_close(file) == KOZO_OK);
    CHECK(client_close(file) == KOZO_BAD_HANDLE);
    CHECK(client_stat(file).error == KOZO_BAD_HANDLE);
    CHECK(client_remove(ram, "number") == KOZO_OK);
}

TEST("names and paths that can't be are refused")
{
    static const char *const wrong[] = {"", ".", "..", "a/b", "a/"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        CHECK(client_make(ram, wrong[i], KOZO_NODE_FILE).error == KOZO_BAD_ARGUMENT);
    }
    CHECK(client_make_bytes(ram, "a\0b", 3, KOZO_NODE_FILE).error == KOZO_BAD_ARGUMENT);
    memset(other, 'n', 256);
    CHECK(client_make_bytes(ram, other, 256, KOZO_NODE_FILE).error == KOZO_BAD_ARGUMENT);
    CHECK(client_walk(TOP, "ram//x").error == KOZO_BAD_ARGUMENT);
    CHECK(client_walk(TOP, "/ram").error == KOZO_BAD_ARGUMENT);
    CHECK(client_walk(TOP, "ram/../initrd").error == KOZO_BAD_ARGUMENT);
    CHECK(client_walk(TOP, "ram/").error == KOZO_BAD_ARGUMENT);
    CHECK(client_walk(TOP, "nosuch").error == KOZO_BAD_HANDLE);
    CHECK(client_walk(ram, "nosuch/x").error == KOZO_BAD_HANDLE);
    CHECK(client_make(ram, "x", KOZO_NODE_OTHER).error == KOZO_BAD_ARGUMENT);
    CHECK(client_make_link(ram, "x", "").error == KOZO_BAD_ARGUMENT);
}

TEST("places outside the shared memory are refused")
{
    uint64_t size = client.data_size;
    uint64_t file = make_file("outside", "abc", 3);
    CHECK(kozo_files_read(client.service, file, 0, size, 1).error == KOZO_BAD_ARGUMENT);
    CHECK(kozo_files_read(client.service, file, 0, 0, size + 1).error == KOZO_BAD_ARGUMENT);
    CHECK(kozo_files_read(client.service, file, 0, UINT64_MAX, 2).error == KOZO_BAD_ARGUMENT);
    CHECK(kozo_files_write(client.service, file, 0, size - 1, 2).error == KOZO_BAD_ARGUMENT);
    CHECK(kozo_files_write(client.service, file, INT64_MAX, 0, 2).error == KOZO_BAD_ARGUMENT);
    CHECK(kozo_files_walk(client.service, ram, size - 8, 1).error == KOZO_BAD_ARGUMENT);
    CHECK(kozo_files_stat(client.service, file, size - 8).error == KOZO_BAD_ARGUMENT);
    CHECK(kozo_files_list(client.service, ram, 0, 1, size).error == KOZO_BAD_ARGUMENT);
    CHECK(client_close(file) == KOZO_OK && client_remove(ram, "outside") == KOZO_OK);
}

TEST("the wrong kind of file is refused")
{
    uint64_t file = make_file("kind", "abc", 3);
    CHECK(client_walk(ram, "kind/x").error == KOZO_BAD_TYPE);
    CHECK(client_list(file, 0, other, 100).error == KOZO_BAD_TYPE);
    CHECK(client_make(file, "x", KOZO_NODE_FILE).error == KOZO_BAD_TYPE);
    CHECK(client_read(ram, 0, other, 1).error == KOZO_BAD_TYPE);
    CHECK(client_write(ram, 0, other, 1).error == KOZO_BAD_TYPE);
    CHECK(client_set_size(ram, 0) == KOZO_BAD_TYPE);
    CHECK(client_link(ram, ram, "x") == KOZO_BAD_TYPE);
    CHECK(client_remove_kind(ram, "kind", KOZO_NODE_FOLDER) == KOZO_BAD_TYPE);
    CHECK(client_close(file) == KOZO_OK &&
          client_remove_kind(ram, "kind", KOZO_NODE_FILE) == KOZO_OK);
}

TEST("a name that is taken, a folder that is not empty, and a folder into itself are refused")
{
    struct client_file folder = client_make(ram, "full", KOZO_NODE_FOLDER);
    REQUIRE(folder.error == KOZO_OK);
    CHECK(client_make(ram, "full", KOZO_NODE_FILE).error == KOZO_SLOT_TAKEN);
    struct client_file inner = client_make(folder.file, "inner", KOZO_NODE_FOLDER);
    REQUIRE(inner.error == KOZO_OK);
    CHECK(client_remove(ram, "full") == KOZO_BAD_STATE);
    CHECK(client_rename(ram, "full", inner.file, "x", true) == KOZO_BAD_ARGUMENT);
    CHECK(client_rename(ram, "nosuch", inner.file, "x", true) == KOZO_BAD_HANDLE);
    uint64_t file = make_file("plain", "", 0);
    CHECK(client_rename(ram, "plain", ram, "full", true) == KOZO_BAD_TYPE);
    CHECK(client_close(file) == KOZO_OK && client_remove(ram, "plain") == KOZO_OK);
    CHECK(client_close(inner.file) == KOZO_OK && client_remove(folder.file, "inner") == KOZO_OK);
    CHECK(client_close(folder.file) == KOZO_OK && client_remove(ram, "full") == KOZO_OK);
}

TEST("a volume that is only read, and the top, can't be changed")
{
    struct client_file folder = client_walk(TOP, "initrd/bin");
    struct client_file file = client_walk(TOP, "initrd/bin/hello");
    REQUIRE(folder.error == KOZO_OK && file.error == KOZO_OK);
    CHECK(client_make(folder.file, "x", KOZO_NODE_FILE).error == KOZO_NO_RIGHT);
    CHECK(client_remove(folder.file, "hello") == KOZO_NO_RIGHT);
    CHECK(client_write(file.file, 0, "x", 1).error == KOZO_NO_RIGHT);
    CHECK(client_set_size(file.file, 0) == KOZO_NO_RIGHT);
    CHECK(client_pages(file.file, 0, true, slots()).error == KOZO_NO_RIGHT);
    CHECK(client_make(TOP, "x", KOZO_NODE_FILE).error == KOZO_NO_RIGHT);
    CHECK(client_remove(TOP, "ram") == KOZO_NO_RIGHT);
    CHECK(client_rename(folder.file, "hello", ram, "x", true) == KOZO_NO_RIGHT);
    CHECK(kozo_files_mount(client.service, 0, 3) == KOZO_NO_RIGHT);
    CHECK(kozo_files_unmount(client.service, 0, 3).error == KOZO_NO_RIGHT);
    CHECK(client_close(folder.file) == KOZO_OK && client_close(file.file) == KOZO_OK);
}

// --- Limits -------------------------------------------------------------------------------------

TEST("a session has so many files open and no more, and goes on after closing")
{
    static uint64_t opened[8192];
    size_t count = 0;
    struct client_file file = client_walk(TOP, "ram");
    while (file.error == KOZO_OK && count < 8192) {
        opened[count++] = file.file;
        file = client_walk(TOP, "ram");
    }
    CHECK(file.error == KOZO_NO_MEMORY && count > 4000 && count < 8192);
    while (count > 0) {
        CHECK(client_close(opened[--count]) == KOZO_OK);
    }
    file = client_walk(TOP, "ram");
    CHECK(file.error == KOZO_OK && client_close(file.file) == KOZO_OK);
}

TEST("so much memory is lent and no more, and it is lent again when it was given back")
{
    constexpr size_t COUNT = 700;
    char name[32];
    size_t lent = 0;
    struct kozo_files_pages_result pages = {};
    struct client_file folder = client_make(ram, "lent", KOZO_NODE_FOLDER);
    REQUIRE(folder.error == KOZO_OK);
    for (size_t i = 0; i < COUNT && pages.error == KOZO_OK; i++) {
        number_name(name, i);
        struct client_file made = client_make(folder.file, name, KOZO_NODE_FILE);
        REQUIRE(made.error == KOZO_OK && client_write(made.file, 0, "x", 1).done == 1);
        pages = client_pages(made.file, 0, false, slots() + lent);
        lent += pages.error == KOZO_OK ? 1 : 0;
        CHECK(client_close(made.file) == KOZO_OK);
    }
    CHECK(pages.error == KOZO_NO_MEMORY && lent > 100);
    for (size_t i = 0; i < lent; i++) {
        CHECK(kozo_cnode_delete((struct kozo_slot){slots() + i}) == KOZO_OK);
    }
    struct client_file again = client_walk(folder.file, "file-number-0");
    REQUIRE(again.error == KOZO_OK);
    CHECK(client_pages(again.file, 0, false, slots()).error == KOZO_OK);
    CHECK(kozo_cnode_delete((struct kozo_slot){slots()}) == KOZO_OK);
    CHECK(client_close(again.file) == KOZO_OK);
    for (size_t i = 0; i <= lent; i++) {
        number_name(name, i);
        CHECK(client_remove(folder.file, name) == KOZO_OK);
    }
    CHECK(client_close(folder.file) == KOZO_OK && client_remove(ram, "lent") == KOZO_OK);
}

TEST("a full volume takes what fits and says so; removing makes room again")
{
    struct kozo_files_describe_result before = client_describe(ram);
    uint64_t file = make_file("filling", "", 0);
    uint64_t written = 0;
    struct client_count part = {.done = LARGE};
    fill(bytes, LARGE, 4);
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
    CHECK(client_make(ram, "no-room-for-this", KOZO_NODE_FOLDER).error != KOZO_SLOT_TAKEN);
    (void)client_remove(ram, "no-room-for-this");
    CHECK(client_close(file) == KOZO_OK && client_remove(ram, "filling") == KOZO_OK);
    struct kozo_files_describe_result after = client_describe(ram);
    CHECK(after.free + 16 >= before.free);
    file = make_file("after", bytes, 1000);
    CHECK(client_close(file) == KOZO_OK && client_remove(ram, "after") == KOZO_OK);
}

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    if (!client_open()) {
        kozo_print("there is no file server\n");
        return 1;
    }
    struct client_file root = client_walk(TOP, "ram");
    ram = root.file;
    return root.error == KOZO_OK ? test_main() : 1;
}
