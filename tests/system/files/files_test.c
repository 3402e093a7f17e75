// SPDX-License-Identifier: MIT
// The file server, tested by a client: on the RAM volume, what must succeed, then each refusal. Limits
// are in limits_test.c.
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

// --- Extended attributes ------------------------------------------------------------------------

static bool attribute_is(uint64_t file, const char *name, const void *value, size_t size)
{
    struct client_count told = client_attribute(file, name, other, LARGE);
    return told.error == KOZO_OK && told.done == size && memcmp(other, value, size) == 0;
}

static enum kozo_error set(uint64_t file, const char *name, const char *value, uint64_t way)
{
    return client_set_attribute(file, name, value, strlen(value), way);
}

TEST("extended attributes are set, read, listed, set anew and removed")
{
    uint64_t file = make_file("marked", "x", 1);
    CHECK(client_attributes(file, other, LARGE).done == 0);
    CHECK(set(file, "user.one", "first", KOZO_ATTRIBUTE_EITHER) == KOZO_OK);
    CHECK(set(file, "user.two", "", KOZO_ATTRIBUTE_NEW) == KOZO_OK);
    CHECK(attribute_is(file, "user.one", "first", 5) && attribute_is(file, "user.two", "", 0));
    CHECK(set(file, "user.one", "longer", KOZO_ATTRIBUTE_OVER) == KOZO_OK);
    CHECK(attribute_is(file, "user.one", "longer", 6));
    struct client_count names = client_attributes(file, other, LARGE);
    CHECK(names.error == KOZO_OK && names.done == 18);
    CHECK(memcmp(other, "user.two\0user.one", 18) == 0);
    CHECK(client_rename(ram, "marked", ram, "moved", false) == KOZO_OK);
    CHECK(attribute_is(file, "user.one", "longer", 6));
    CHECK(client_remove_attribute(file, "user.one") == KOZO_OK);
    CHECK(client_attribute(file, "user.one", other, LARGE).error == KOZO_BAD_HANDLE);
    CHECK(client_attributes(file, other, LARGE).done == 9);
    CHECK(client_remove(ram, "moved") == KOZO_OK);
    // Without a name as well, until it is closed.
    CHECK(set(file, "user.three", "x", KOZO_ATTRIBUTE_EITHER) == KOZO_OK);
    CHECK(attribute_is(file, "user.three", "x", 1) && client_close(file) == KOZO_OK);
}

TEST("a file notes when its attributes were changed, and keeps what was written to it meanwhile")
{
    uint64_t file = make_file("noted", "x", 1);
    CHECK(client_sync(file, false) == KOZO_OK);
    uint64_t before = client_stat(file).stat.changed;
    CHECK(set(file, "a", "1", KOZO_ATTRIBUTE_EITHER) == KOZO_OK);
    struct kozo_node_stat stat = client_stat(file).stat;
    CHECK(stat.changed > before && stat.size == 1);
    CHECK(client_write(file, 0, "longer", 6).done == 6);
    CHECK(client_remove_attribute(file, "a") == KOZO_OK);
    CHECK(client_stat(file).stat.size == 6 && client_read(file, 0, other, 10).done == 6);
    CHECK(client_close(file) == KOZO_OK && client_remove(ram, "noted") == KOZO_OK);
}

TEST("an attribute that does not fit the room for it is not read, but its size is told")
{
    uint64_t file = make_file("sized", "", 0);
    CHECK(set(file, "user.a", "12345", KOZO_ATTRIBUTE_EITHER) == KOZO_OK);
    memcpy(other, "....", 4);
    struct client_count told = client_attribute(file, "user.a", other, 4);
    CHECK(told.error == KOZO_OK && told.done == 5 && memcmp(other, "....", 4) == 0);
    CHECK(client_attribute(file, "user.a", other, 0).done == 5);
    CHECK(client_attributes(file, other, 6).done == 7 && memcmp(other, "....", 4) == 0);
    CHECK(client_attributes(file, other, 0).done == 7);
    CHECK(client_close(file) == KOZO_OK && client_remove(ram, "sized") == KOZO_OK);
}

TEST("a folder may have a name and an attribute that are called alike")
{
    struct client_file folder = client_make(ram, "both", KOZO_NODE_FOLDER);
    struct client_file inner = client_make(folder.file, "same", KOZO_NODE_FILE);
    REQUIRE(folder.error == KOZO_OK && inner.error == KOZO_OK);
    CHECK(set(folder.file, "same", "value", KOZO_ATTRIBUTE_NEW) == KOZO_OK);
    CHECK(client_look(folder.file, "same").kind == KOZO_NODE_FILE);
    CHECK(client_remove(folder.file, "same") == KOZO_OK);
    CHECK(attribute_is(folder.file, "same", "value", 5));
    CHECK(client_close(inner.file) == KOZO_OK && client_close(folder.file) == KOZO_OK);
    CHECK(client_remove(ram, "both") == KOZO_OK);
}

TEST("attributes that are there or not where they should not be are refused")
{
    uint64_t file = make_file("refused", "", 0);
    CHECK(set(file, "a", "1", KOZO_ATTRIBUTE_OVER) == KOZO_BAD_HANDLE);
    CHECK(client_remove_attribute(file, "a") == KOZO_BAD_HANDLE);
    CHECK(set(file, "a", "1", KOZO_ATTRIBUTE_NEW) == KOZO_OK);
    CHECK(set(file, "a", "2", KOZO_ATTRIBUTE_NEW) == KOZO_SLOT_TAKEN);
    CHECK(set(file, "a", "2", KOZO_ATTRIBUTE_OVER + 1) == KOZO_BAD_ARGUMENT);
    CHECK(attribute_is(file, "a", "1", 1));
    CHECK(client_close(file) == KOZO_OK && client_remove(ram, "refused") == KOZO_OK);
    CHECK(set(file, "a", "1", KOZO_ATTRIBUTE_EITHER) == KOZO_BAD_HANDLE);
    CHECK(client_attributes(file, other, LARGE).error == KOZO_BAD_HANDLE);
}

TEST("names of attributes have 1 to 255 bytes without a zero, values up to 7936, and all names "
     "together as well")
{
    uint64_t file = make_file("bounds", "", 0);
    char name[257] = {};
    fill(bytes, KOZO_ATTRIBUTE_MOST + 1, 4);
    memset(name, 'n', 256);
    CHECK(set(file, name, "", KOZO_ATTRIBUTE_EITHER) == KOZO_BAD_ARGUMENT);
    CHECK(client_attribute(file, name, other, LARGE).error == KOZO_BAD_ARGUMENT);
    CHECK(client_remove_attribute(file, name) == KOZO_BAD_ARGUMENT);
    CHECK(set(file, "", "", KOZO_ATTRIBUTE_EITHER) == KOZO_BAD_ARGUMENT);
    memcpy(client.data, "a\0b", 3);
    CHECK(kozo_files_set_attribute(client.service, file, 0, 3, 0, 0).error == KOZO_BAD_ARGUMENT);
    name[255] = 0;
    CHECK(client_set_attribute(file, name, bytes, KOZO_ATTRIBUTE_MOST, 0) == KOZO_OK);
    CHECK(attribute_is(file, name, bytes, KOZO_ATTRIBUTE_MOST));
    CHECK(client_set_attribute(file, name, bytes, KOZO_ATTRIBUTE_MOST + 1, 0) == KOZO_BAD_ARGUMENT);
    size_t count = 1;
    enum kozo_error error = KOZO_OK;
    while (error == KOZO_OK && count < 100) {
        name[0] = (char)('0' + count);
        error = set(file, name, "", KOZO_ATTRIBUTE_NEW);
        count += error == KOZO_OK ? 1 : 0;
    }
    CHECK(error == KOZO_NO_MEMORY && count == 31);
    CHECK(client_attributes(file, other, LARGE).done == KOZO_ATTRIBUTE_MOST);
    CHECK(client_close(file) == KOZO_OK && client_remove(ram, "bounds") == KOZO_OK);
}

TEST("attributes outside the shared memory, and of what can't have any, are refused")
{
    uint64_t size = client.data_size;
    uint64_t file = make_file("outside", "", 0);
    struct kozo_endpoint files = client.service;
    CHECK(kozo_files_attribute(files, file, size - 1, 2, 0).error == KOZO_BAD_ARGUMENT);
    CHECK(kozo_files_attribute(files, file, 1, 1, size).error == KOZO_BAD_ARGUMENT);
    CHECK(kozo_files_attributes(files, file, 1, size).error == KOZO_BAD_ARGUMENT);
    CHECK(kozo_files_attributes(files, file, UINT64_MAX, 2).error == KOZO_BAD_ARGUMENT);
    CHECK(kozo_files_set_attribute(files, file, size - 1, 1, 1, 0).error == KOZO_BAD_ARGUMENT);
    CHECK(kozo_files_set_attribute(files, file, 0, 1, UINT64_MAX, 0).error == KOZO_BAD_ARGUMENT);
    CHECK(kozo_files_remove_attribute(files, file, size, 1).error == KOZO_BAD_ARGUMENT);
    CHECK(client_close(file) == KOZO_OK && client_remove(ram, "outside") == KOZO_OK);
    struct client_file link = client_make_link(ram, "pointer", "nowhere");
    REQUIRE(link.error == KOZO_OK);
    CHECK(set(link.file, "a", "1", KOZO_ATTRIBUTE_EITHER) == KOZO_BAD_TYPE);
    CHECK(client_attributes(link.file, other, LARGE).error == KOZO_BAD_TYPE);
    CHECK(client_close(link.file) == KOZO_OK && client_remove(ram, "pointer") == KOZO_OK);
    CHECK(set(TOP, "a", "1", KOZO_ATTRIBUTE_EITHER) == KOZO_NO_RIGHT);
    CHECK(client_attributes(TOP, other, LARGE).error == KOZO_NO_RIGHT);
}

TEST("what is in the initrd has no attributes, and is given none")
{
    struct client_file file = client_walk(TOP, "initrd/bin/hello");
    REQUIRE(file.error == KOZO_OK);
    struct client_count names = client_attributes(file.file, other, LARGE);
    CHECK(names.error == KOZO_OK && names.done == 0);
    CHECK(client_attribute(file.file, "user.a", other, LARGE).error == KOZO_BAD_HANDLE);
    CHECK(set(file.file, "user.a", "1", KOZO_ATTRIBUTE_EITHER) == KOZO_NO_RIGHT);
    CHECK(client_remove_attribute(file.file, "user.a") == KOZO_NO_RIGHT);
    CHECK(client_close(file.file) == KOZO_OK);
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
    CHECK(kozo_files_mount(client.service, 0, 3, 0).error == KOZO_NO_RIGHT);
    CHECK(kozo_files_unmount(client.service, 0, 3).error == KOZO_NO_RIGHT);
    CHECK(kozo_files_mounted(client.service, 0, 0).error == KOZO_NO_RIGHT);
    CHECK(client_close(folder.file) == KOZO_OK && client_close(file.file) == KOZO_OK);
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

TEST("times are dates")
{
    constexpr uint64_t year = 31'556'952'000'000'000;
    uint64_t file = make_file("dated", "x", 1);
    struct kozo_node_stat stat = client_stat(file).stat;
    CHECK(stat.modified > 50 * year && stat.modified < 130 * year);
    CHECK(stat.changed > 50 * year && stat.accessed > 50 * year);
    CHECK(client_sync(file, false) == KOZO_OK);
    CHECK(client_stat(file).stat.modified / year == stat.modified / year);
    CHECK(client_stat(ram).stat.modified > 50 * year);
    CHECK(client_close(file) == KOZO_OK && client_remove(ram, "dated") == KOZO_OK);
}
