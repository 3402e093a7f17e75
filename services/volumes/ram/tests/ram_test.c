// SPDX-License-Identifier: MIT
#include "../ram.h"

#include <kozo/abi.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../items.h"
#include "../step.h"
#include "test.h"

constexpr size_t SIZE = 1 << 20;
constexpr size_t PAGE = KOZO_PAGE_SIZE;
constexpr uint64_t ROOT = 1;

static struct ram *ram;
static uint8_t *memory;
static uint8_t bytes[SIZE];
static uint8_t other[SIZE];

// --- Cutting off --------------------------------------------------------------------------------

static jmp_buf cut;
static unsigned until; // words until the process ends; 0 for never

void test_cut(void);
void test_cut(void)
{
    if (until == 0) {
        return;
    }
    until--;
    if (until == 0) {
        longjmp(cut, 1);
    }
}

// --- Memory -------------------------------------------------------------------------------------

constexpr size_t PIECES = SIZE / RAM_PIECE_SIZE;
static bool there[PIECES];
static size_t room; // pieces that may be there at a time

static size_t count_there(void)
{
    size_t count = 0;
    for (size_t i = 0; i < PIECES; i++) {
        count += there[i] ? 1 : 0;
    }
    return count;
}

// What is not there can't be touched, and comes back as zeros.
bool room_take(uint64_t offset, uint64_t size)
{
    size_t piece = offset / RAM_PIECE_SIZE;
    CHECK(size == RAM_PIECE_SIZE && offset % RAM_PIECE_SIZE == 0 && piece < PIECES);
    if (there[piece] || count_there() == room) {
        return there[piece];
    }
    there[piece] = true;
    CHECK(mprotect(memory + offset, size, PROT_READ | PROT_WRITE) == 0);
    return true;
}

void room_give(uint64_t offset)
{
    size_t piece = offset / RAM_PIECE_SIZE;
    CHECK(offset % RAM_PIECE_SIZE == 0 && piece < PIECES);
    there[piece] = false;
    CHECK(madvise(memory + offset, RAM_PIECE_SIZE, MADV_DONTNEED) == 0 &&
          mprotect(memory + offset, RAM_PIECE_SIZE, PROT_NONE) == 0);
}

// --- Helpers ------------------------------------------------------------------------------------

static void start(void)
{
    if (memory == nullptr) {
        memory = mmap(nullptr, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    }
    for (size_t i = 0; i < PIECES; i++) {
        room_give(i * RAM_PIECE_SIZE);
    }
    room = PIECES;
    until = 0;
    ram = ram_open(memory, SIZE, 1);
}

static struct volume_text text(const char *name)
{
    return (struct volume_text){.bytes = name, .length = strlen(name)};
}

static uint64_t make(uint64_t folder, const char *name, uint32_t kind)
{
    uint64_t node = 0;
    struct volume_text none = {.bytes = ""};
    return ram_make(ram, folder, kind, 0644, text(name), none, 2, &node) == KOZO_OK ? node : 0;
}

static uint64_t look(uint64_t folder, const char *name)
{
    uint64_t node = 0;
    uint32_t kind = 0;
    return ram_look(ram, folder, text(name), &node, &kind) == KOZO_OK ? node : 0;
}

static size_t put(uint64_t node, uint64_t offset, const void *from, size_t length)
{
    size_t done = 0;
    return ram_write(ram, node, offset, from, length, &done, 3) == KOZO_OK ? done : 0;
}

static size_t get(uint64_t node, uint64_t offset, void *to, size_t length)
{
    size_t done = 0;
    return ram_read(ram, node, offset, to, length, &done) == KOZO_OK ? done : SIZE_MAX;
}

static uint64_t free_blocks(void)
{
    struct volume_space space;
    ram_space(ram, &space);
    return space.free;
}

static void set_size(uint64_t node, uint64_t size)
{
    struct kozo_node_stat stat = {.size = size};
    CHECK(ram_change(ram, node, &stat, KOZO_CHANGE_SIZE, 4) == KOZO_OK);
}

static struct kozo_node_stat stat_of(uint64_t node)
{
    struct kozo_node_stat stat = {};
    CHECK(ram_stat(ram, node, &stat) == KOZO_OK);
    return stat;
}

// --- Tests --------------------------------------------------------------------------------------

TEST("an empty volume has a root, room, and no names")
{
    start();
    REQUIRE(ram != nullptr);
    struct volume_listing listing = {.bytes = bytes, .size = sizeof bytes};
    CHECK(ram_list(ram, ROOT, 0, &listing) == KOZO_OK && listing.done == 0);
    CHECK(stat_of(ROOT).kind == KOZO_NODE_FOLDER && stat_of(ROOT).links == 2);
    CHECK(free_blocks() > SIZE / PAGE - 16);
    CHECK(ram_open(memory, PAGE, 1) == nullptr);
}

TEST("contents are read as they were written, holes as zeros, and cut ends stay cut")
{
    start();
    uint64_t node = make(ROOT, "file", KOZO_NODE_FILE);
    for (size_t i = 0; i < 20'000; i++) {
        bytes[i] = (uint8_t)(i * 7);
    }
    CHECK(put(node, 100, bytes, 20'000) == 20'000);
    CHECK(get(node, 100, other, SIZE) == 20'000 && memcmp(bytes, other, 20'000) == 0);
    CHECK(get(node, 0, other, 100) == 100 && other[0] == 0 && other[99] == 0);
    CHECK(put(node, 1ul << 32, "far", 3) == 3 && stat_of(node).size == (1ul << 32) + 3);
    CHECK(stat_of(node).blocks < 60);
    set_size(node, 5'000);
    set_size(node, 9'000);
    CHECK(get(node, 4'999, other, 100) == 100 && other[0] == bytes[4'899] && other[1] == 0);
    CHECK(get(node, 9'000, other, 100) == 0);
}

TEST("names are made, found, listed, moved, linked and removed")
{
    start();
    uint64_t folder = make(ROOT, "folder", KOZO_NODE_FOLDER);
    uint64_t file = make(folder, "file", KOZO_NODE_FILE);
    CHECK(look(folder, "file") == file && look(ROOT, "file") == 0);
    CHECK(make(folder, "file", KOZO_NODE_FILE) == 0);
    CHECK(stat_of(ROOT).links == 3 && stat_of(folder).links == 2);
    CHECK(ram_link(ram, file, ROOT, text("second"), 5) == KOZO_OK && stat_of(file).links == 2);
    CHECK(ram_remove(ram, ROOT, text("folder"), 5) == KOZO_BAD_STATE);
    CHECK(ram_rename(ram, folder, text("file"), ROOT, text("third"), 5) == KOZO_OK);
    CHECK(look(folder, "file") == 0 && look(ROOT, "third") == file);
    CHECK(ram_rename(ram, ROOT, text("folder"), folder, text("x"), 5) == KOZO_BAD_ARGUMENT);
    CHECK(ram_rename(ram, ROOT, text("third"), ROOT, text("folder"), 5) == KOZO_BAD_TYPE);
    CHECK(ram_rename(ram, ROOT, text("third"), ROOT, text("second"), 5) == KOZO_OK);
    CHECK(ram_remove(ram, ROOT, text("folder"), 5) == KOZO_OK);
    CHECK(stat_of(ROOT).links == 2);
}

TEST("a node without names lives until it is forgotten, and gives its room back")
{
    start();
    uint64_t before = free_blocks();
    uint64_t node = make(ROOT, "file", KOZO_NODE_FILE);
    CHECK(put(node, 0, bytes, 100'000) == 100'000);
    CHECK(ram_remove(ram, ROOT, text("file"), 5) == KOZO_OK);
    CHECK(get(node, 0, other, 10) == 10 && stat_of(node).links == 0);
    ram_forget(ram, node);
    struct kozo_node_stat stat;
    CHECK(ram_stat(ram, node, &stat) == KOZO_BAD_HANDLE);
    CHECK(free_blocks() + 1 == before); // a page of entries stays
    uint64_t kept = make(ROOT, "kept", KOZO_NODE_FILE);
    ram_forget(ram, kept);
    CHECK(stat_of(kept).links == 1);
}

TEST("a list goes on where it ended, also when what it ended at is gone")
{
    start();
    char name[8] = "a0";
    for (char i = 0; i < 26; i++) {
        name[0] = (char)('a' + i);
        CHECK(make(ROOT, name, KOZO_NODE_FILE) != 0);
    }
    size_t count = 0;
    uint64_t from = 0;
    struct volume_listing listing = {.bytes = bytes, .size = 100};
    while (ram_list(ram, ROOT, from, &listing) == KOZO_OK && listing.done > 0) {
        for (size_t at = 0; at < listing.done;) {
            struct kozo_folder_entry entry;
            memcpy(&entry, bytes + at, sizeof entry);
            CHECK(bytes[at + sizeof entry] == 'a' + count++);
            from = entry.next;
            at += sizeof entry + 8;
        }
        name[0] = (char)('a' + count - 1);
        CHECK(ram_remove(ram, ROOT, text(name), 5) == KOZO_OK);
        listing.done = 0;
    }
    CHECK(count == 26);
    listing.size = 8;
    CHECK(ram_list(ram, ROOT, 0, &listing) == KOZO_BAD_ARGUMENT);
}

TEST("a full volume takes what fits, and refuses names that do not")
{
    start();
    uint64_t node = make(ROOT, "file", KOZO_NODE_FILE);
    size_t done = put(node, 0, bytes, SIZE);
    CHECK(done > 0 && done < SIZE && free_blocks() == 0);
    size_t none = 0;
    CHECK(ram_write(ram, node, done, bytes, 1, &none, 3) == KOZO_NO_MEMORY);
    // Nodes and entries that are free still fit; then a page would be due.
    char name[16] = "n";
    enum kozo_error error = KOZO_OK;
    uint64_t made = 0;
    struct volume_text nothing = {.bytes = ""};
    for (char i = 0; i < 100 && error == KOZO_OK; i++) {
        name[1] = (char)('!' + i);
        error = ram_make(ram, ROOT, KOZO_NODE_FOLDER, 0, text(name), nothing, 2, &made);
    }
    CHECK(error == KOZO_NO_MEMORY && look(ROOT, name) == 0);
    set_size(node, 0);
    CHECK(make(ROOT, name, KOZO_NODE_FOLDER) != 0);
}

TEST("numbers that are no nodes are refused, whatever they point at")
{
    start();
    uint64_t file = make(ROOT, "file", KOZO_NODE_FILE);
    struct kozo_node_stat stat;
    unsigned found = 0;
    for (uint64_t number = 0; number < SIZE / RAM_UNIT + 100; number++) {
        bool good = ram_stat(ram, number, &stat) == KOZO_OK;
        found += good;
        CHECK(!good || number == ROOT || number == file || number == ram->root);
    }
    CHECK(found == 3);
    CHECK(ram_stat(ram, UINT64_MAX, &stat) == KOZO_BAD_HANDLE);
    struct volume_listing listing = {.bytes = bytes, .size = 1000};
    for (uint64_t from = 1; from < 100'000; from += 7) {
        listing.done = 0;
        CHECK(ram_list(ram, ROOT, from * 0x9e3779b97f4a7c15, &listing) == KOZO_OK);
    }
}

TEST("memory comes when files need it, and goes when they hold nothing")
{
    start();
    CHECK(count_there() == 1);
    uint64_t first = make(ROOT, "first", KOZO_NODE_FILE);
    uint64_t second = make(ROOT, "second", KOZO_NODE_FILE);
    CHECK(put(second, 0, bytes, RAM_PIECE_SIZE / 2) > 0 && count_there() == 1);
    CHECK(put(first, 0, bytes, 2 * RAM_PIECE_SIZE) == 2 * RAM_PIECE_SIZE && count_there() == 3);
    set_size(first, 0);
    CHECK(ram_spare(ram) == 2 && count_there() == 3);
    // What is wanted again comes from where something is.
    CHECK(put(first, 0, bytes, 10 * PAGE) == 10 * PAGE && ram_spare(ram) == 2);
    ram_shrink(ram, 1);
    CHECK(ram_spare(ram) == 1 && count_there() == 2);
    ram_shrink(ram, UINT32_MAX);
    CHECK(ram_spare(ram) == 0 && count_there() == 1);
    CHECK(get(second, 0, other, SIZE) == RAM_PIECE_SIZE / 2 &&
          memcmp(bytes, other, RAM_PIECE_SIZE / 2) == 0);
    // Holes of what comes anew are zeros.
    memset(bytes, 0x5a, sizeof bytes);
    CHECK(put(first, RAM_PIECE_SIZE + 5, bytes, 1) == 1);
    CHECK(get(first, RAM_PIECE_SIZE, other, 5) == 5 && other[0] == 0 && other[4] == 0);
}

TEST("what there is no memory for is refused, told as full, and taken when there is some")
{
    start();
    uint64_t node = make(ROOT, "file", KOZO_NODE_FILE);
    room = 2;
    size_t done = put(node, 0, bytes, SIZE);
    CHECK(done > RAM_PIECE_SIZE && done < 2 * RAM_PIECE_SIZE && free_blocks() == 0);
    size_t none = 0;
    CHECK(ram_write(ram, node, done, bytes, 1, &none, 3) == KOZO_NO_MEMORY && none == 0);
    CHECK(get(node, 0, other, SIZE) == done && memcmp(bytes, other, done) == 0);
    room = 3;
    CHECK(put(node, done, bytes, PAGE) == PAGE && free_blocks() > 0);
    room = 0;
    ram_shrink(ram, UINT32_MAX);
    CHECK(count_there() == 3);
}

TEST("memory that the volume does not know of is given back at its next start")
{
    start();
    CHECK(room_take(3 * RAM_PIECE_SIZE, RAM_PIECE_SIZE) && count_there() == 2);
    ram = ram_open(memory, SIZE, 1);
    CHECK(ram != nullptr && count_there() == 1);
}

TEST("without memory for its head there is no volume")
{
    start();
    for (size_t i = 0; i < PIECES; i++) {
        room_give(i * RAM_PIECE_SIZE);
    }
    room = 0;
    CHECK(ram_open(memory, SIZE, 1) == nullptr);
}

// --- Extended attributes ------------------------------------------------------------------------

static enum kozo_error mark(uint64_t node, const char *name, const void *value, size_t size)
{
    struct volume_text bytes_of = {.bytes = value, .length = size};
    return ram_set_attribute(ram, node, text(name), bytes_of, KOZO_ATTRIBUTE_EITHER, 8);
}

// The size of an attribute, whose value is in `other` then; SIZE_MAX when there is none.
static size_t marked(uint64_t node, const char *name)
{
    size_t size = 0;
    enum kozo_error error = ram_attribute(ram, node, text(name), other, sizeof other, &size);
    return error == KOZO_OK ? size : SIZE_MAX;
}

TEST("a node has attributes of up to two pages, counted like contents, which go with it")
{
    start();
    for (size_t i = 0; i < KOZO_ATTRIBUTE_MOST; i++) {
        bytes[i] = (uint8_t)(i * 13);
    }
    uint64_t node = make(ROOT, "file", KOZO_NODE_FILE);
    uint64_t before = free_blocks();
    CHECK(mark(node, "small", "value", 5) == KOZO_OK && free_blocks() == before - 1);
    CHECK(mark(node, "empty", "", 0) == KOZO_OK && free_blocks() == before - 1);
    CHECK(mark(node, "large", bytes, KOZO_ATTRIBUTE_MOST) == KOZO_OK);
    CHECK(free_blocks() == before - 3);
    CHECK(marked(node, "small") == 5 && memcmp(other, "value", 5) == 0);
    CHECK(marked(node, "empty") == 0);
    CHECK(marked(node, "large") == KOZO_ATTRIBUTE_MOST &&
          memcmp(other, bytes, KOZO_ATTRIBUTE_MOST) == 0);
    CHECK(mark(node, "large", bytes + 1, PAGE) == KOZO_OK && free_blocks() == before - 2);
    CHECK(marked(node, "large") == PAGE && memcmp(other, bytes + 1, PAGE) == 0);
    CHECK(ram_remove_attribute(ram, node, text("small"), 9) == KOZO_OK);
    CHECK(marked(node, "small") == SIZE_MAX && free_blocks() == before - 1);
    CHECK(stat_of(node).changed == 9 && stat_of(node).blocks == 0);
    CHECK(ram_remove(ram, ROOT, text("file"), 5) == KOZO_OK && marked(node, "empty") == 0);
    ram_forget(ram, node);
    CHECK(free_blocks() == before);
    CHECK(marked(make(ROOT, "file", KOZO_NODE_FILE), "large") == SIZE_MAX);
}

TEST("a full volume refuses an attribute and leaves the old value")
{
    start();
    uint64_t node = make(ROOT, "file", KOZO_NODE_FILE);
    uint64_t large = make(ROOT, "large", KOZO_NODE_FILE);
    CHECK(mark(node, "a", "old", 3) == KOZO_OK);
    CHECK(put(large, 0, bytes, SIZE) > 0 && free_blocks() == 0);
    CHECK(mark(node, "a", "new", 3) == KOZO_NO_MEMORY);
    CHECK(marked(node, "a") == 3 && memcmp(other, "old", 3) == 0);
    CHECK(ram->logged == 0 && mark(node, "b", "new", 3) == KOZO_NO_MEMORY);
    CHECK(marked(node, "b") == SIZE_MAX);
    set_size(large, SIZE / 2);
    room = count_there();
    CHECK(mark(node, "a", bytes, KOZO_ATTRIBUTE_MOST) == KOZO_OK);
}

// --- Accounts -----------------------------------------------------------------------------------

constexpr uint32_t FILE_UNITS = (128 + 96) / RAM_UNIT; // of a file with a short name
constexpr uint32_t PAGE_UNITS = PAGE / RAM_UNIT;

static uint32_t units(uint32_t account)
{
    return ram->stored[account];
}

TEST("an account has its most stored, others go on, and what it freed it may store again")
{
    start();
    ram_pay(ram, 1, 4);
    uint64_t node = make(ROOT, "one", KOZO_NODE_FILE);
    CHECK(units(1) == FILE_UNITS && put(node, 0, bytes, 5 * PAGE) == 3 * PAGE);
    CHECK(units(1) == FILE_UNITS + 3 * PAGE_UNITS && free_blocks() == 0);
    size_t none = 0;
    CHECK(ram_write(ram, node, 3 * PAGE, bytes, 1, &none, 3) == KOZO_NO_MEMORY);
    CHECK(put(node, 0, bytes + 1, 3 * PAGE) == 3 * PAGE); // over what is there
    ram_pay(ram, 2, 4);
    CHECK(put(node, 3 * PAGE, bytes, PAGE) == PAGE && units(2) == PAGE_UNITS);
    ram_pay(ram, 0, 0);
    CHECK(put(node, 4 * PAGE, bytes, 5 * PAGE) == 5 * PAGE && free_blocks() > 100);
    // Each page goes back to who stored it, whoever cuts it off.
    set_size(node, PAGE);
    CHECK(units(1) == FILE_UNITS + PAGE_UNITS && units(2) == 0);
    ram_pay(ram, 1, 4);
    CHECK(put(node, PAGE, bytes, 2 * PAGE) == 2 * PAGE && put(node, 3 * PAGE, bytes, 1) == 0);
}

TEST("an account pays for files, names, links and attributes until they are gone, and for no holes")
{
    start();
    ram_pay(ram, 1, 100);
    uint64_t node = make(ROOT, "one", KOZO_NODE_FILE);
    set_size(node, 90 * PAGE);
    CHECK(units(1) == FILE_UNITS && put(node, 80 * PAGE, bytes, 1) == 1);
    CHECK(units(1) == FILE_UNITS + PAGE_UNITS);
    CHECK(ram_link(ram, node, ROOT, text("two"), 3) == KOZO_OK);
    CHECK(units(1) == FILE_UNITS + 3 + PAGE_UNITS);
    CHECK(mark(node, "a", bytes, PAGE + 1) == KOZO_OK);
    CHECK(units(1) == FILE_UNITS + 6 + 3 * PAGE_UNITS);
    CHECK(mark(node, "a", bytes, 1) == KOZO_OK && units(1) == FILE_UNITS + 6 + 2 * PAGE_UNITS);
    uint64_t other_node = make(ROOT, "three", KOZO_NODE_FILE);
    // A name that goes over another: what that one was is paid for until nobody knows it any more.
    ram_pay(ram, 2, 100);
    CHECK(ram_remove(ram, ROOT, text("two"), 3) == KOZO_OK);
    CHECK(ram_rename(ram, ROOT, text("three"), ROOT, text("one"), 3) == KOZO_OK);
    CHECK(units(2) == 3 && units(1) == 4 + 4 + 3 + 2 * PAGE_UNITS);
    ram_forget(ram, node);
    CHECK(units(1) == 4 && look(ROOT, "one") == other_node);
    CHECK(ram_remove(ram, ROOT, text("one"), 3) == KOZO_OK && units(2) == 0);
    ram_forget(ram, other_node);
    CHECK(units(1) == 0);
}

TEST("what an account has no room for is refused whole, and counted as nothing")
{
    start();
    uint64_t none = 0;
    struct volume_text target = {.bytes = "target", .length = 6};
    ram_pay(ram, 1, 1);
    char name[8] = "n";
    uint64_t made = 0;
    while (make(ROOT, name, KOZO_NODE_FILE) != 0) {
        name[1] = (char)('!' + ++made);
    }
    CHECK(made == PAGE_UNITS / FILE_UNITS && units(1) == made * FILE_UNITS);
    CHECK(ram_make(ram, ROOT, KOZO_NODE_LINK, 0, text("l"), target, 2, &none) == KOZO_NO_MEMORY);
    uint64_t node = look(ROOT, "n");
    CHECK(mark(node, "a", bytes, 1) == KOZO_NO_MEMORY && put(node, 0, bytes, 1) == 0);
    CHECK(units(1) == made * FILE_UNITS && ram->logged == 0);
    ram_pay(ram, 1, 0); // one that may store nothing
    CHECK(ram_link(ram, node, ROOT, text("l"), 3) == KOZO_NO_MEMORY);
    ram_pay(ram, 2, 1);
    CHECK(make(ROOT, "l", KOZO_NODE_FOLDER) != 0);
    CHECK(ram_remove(ram, ROOT, text("l"), 3) == KOZO_OK);
    // The next life of the process counts on.
    ram = ram_open(memory, SIZE, 1);
    REQUIRE(ram != nullptr);
    CHECK(units(1) == made * FILE_UNITS && units(2) == 0 && ram->payer == 0);
}

// What each account has stored, by all that is there.
static void check_accounts(void)
{
    static const uint32_t size[] = {
        [RAM_PAGE_NODES] = 4, [RAM_PAGE_SHORT] = 3, [RAM_PAGE_LONG] = 9};
    uint32_t sum[KOZO_ACCOUNTS] = {};
    for (uint32_t page = 0; page < ram->pages; page++) {
        uint32_t kind = ram_page(ram, page)->kind;
        if (kind == RAM_PAGE_CONTENTS || kind == RAM_PAGE_VALUE) {
            sum[ram_page(ram, page)->account] += PAGE_UNITS;
        }
        bool items = kind == RAM_PAGE_NODES || kind == RAM_PAGE_SHORT || kind == RAM_PAGE_LONG;
        for (uint32_t at = 0; items && at + size[kind] <= PAGE_UNITS; at += size[kind]) {
            const void *item = ram_at(ram, page * PAGE_UNITS + at);
            const struct ram_node *node = item;
            const struct ram_entry *entry = item;
            bool used = kind == RAM_PAGE_NODES ? node->kind != 0 : entry->owner != 0;
            uint32_t account = kind == RAM_PAGE_NODES ? node->account : entry->account;
            sum[account] += used ? size[kind] : 0;
        }
    }
    for (size_t i = 1; i < KOZO_ACCOUNTS; i++) {
        CHECK(ram->stored[i] == sum[i]);
    }
}

static const char *const names[] = {
    "a", "b", "c", "d", "a-name-longer-than-others-so-that-it-takes-an-entry-of-the-long-kind",
};

// One random operation on some fixed names in two folders.
static void act(uint64_t folder)
{
    const char *name = names[rand() % 5];
    const char *second = names[rand() % 5];
    uint64_t node = look(rand() % 2 == 0 ? ROOT : folder, name);
    uint64_t where = rand() % 2 == 0 ? ROOT : folder;
    ram_pay(ram, (uint32_t)rand() % 3, (uint32_t)rand() % 64);
    switch (rand() % 12) {
    case 0:
    case 1:
        (void)make(where, name, rand() % 4 == 0 ? KOZO_NODE_FOLDER : KOZO_NODE_FILE);
        return;
    case 2:
        (void)put(node, (uint64_t)rand() % 100'000, bytes, (size_t)rand() % 30'000);
        return;
    case 3:
        (void)ram_remove(ram, where, text(name), 6);
        return;
    case 4:
        (void)ram_rename(ram, where, text(name), ROOT, text(second), 6);
        return;
    case 5:
        (void)ram_link(ram, node, where, text(second), 6);
        return;
    case 6: {
        struct kozo_node_stat stat = {.size = (uint64_t)rand() % 100'000};
        (void)ram_change(ram, node, &stat, KOZO_CHANGE_SIZE | KOZO_CHANGE_MODE, 6);
        return;
    }
    case 7:
        ram_shrink(ram, (uint32_t)rand() % 3);
        return;
    case 8:
    case 9:
        (void)mark(node, second, bytes, (size_t)rand() % KOZO_ATTRIBUTE_MOST);
        return;
    case 10:
        (void)ram_remove_attribute(ram, node, text(second), 6);
        return;
    default:
        ram_forget(ram, node);
        return;
    }
}

// Removes all names in a folder; folders in it first.
static void empty(uint64_t folder)
{
    struct volume_listing listing = {.bytes = other, .size = sizeof other};
    CHECK(ram_list(ram, folder, 0, &listing) == KOZO_OK);
    for (size_t at = 0; at < listing.done;) {
        struct kozo_folder_entry entry;
        memcpy(&entry, other + at, sizeof entry);
        struct volume_text name = {.bytes = (const char *)other + at + sizeof entry,
                                   .length = entry.length};
        enum kozo_error error = ram_remove(ram, folder, name, 7);
        CHECK(error == KOZO_OK || error == KOZO_BAD_STATE);
        at += sizeof entry + ((entry.length + 7ul) & ~7ul);
    }
}

static uint64_t count_pages(enum ram_page_kind kind)
{
    uint64_t count = 0;
    for (uint32_t page = 0; page < ram->pages; page++) {
        count += ram_page(ram, page)->kind == kind ? 1 : 0;
    }
    return count;
}

TEST("the process may end at any word: the next life finds a whole volume, and no room is lost")
{
    start();
    srand(1);
    for (volatile unsigned round = 0; round < 20'000; round = round + 1) {
        if (setjmp(cut) == 0) {
            until = 1 + (unsigned)rand() % 400;
            room = PIECES - (size_t)rand() % 2;
            uint64_t folder = look(ROOT, "d");
            for (unsigned i = 0; i < 10; i++) {
                act(folder);
            }
            until = 0;
        } else {
            ram = ram_open(memory, SIZE, 1);
            REQUIRE(ram != nullptr);
        }
        CHECK(ram->logged == 0);
        ram->is_short = 0;
        ram_pay(ram, 0, 0);
        CHECK(free_blocks() == count_pages(RAM_PAGE_FREE));
        check_accounts();
        for (uint32_t i = 0; i < PIECES; i++) {
            CHECK(there[i] || ram_piece(ram, i + 1)->there == 0);
        }
    }
    for (unsigned i = 0; i < 20; i++) {
        for (size_t j = 0; j < 5; j++) {
            uint64_t inner = look(ROOT, names[j]);
            if (inner != 0 && stat_of(inner).kind == KOZO_NODE_FOLDER) {
                empty(inner);
            }
        }
        empty(ROOT);
        ram_forget_all(ram);
    }
    CHECK(stat_of(ROOT).size == 0);
    for (size_t i = 0; i < 5; i++) {
        (void)ram_remove_attribute(ram, ROOT, text(names[i]), 6);
    }
    CHECK(count_pages(RAM_PAGE_CONTENTS) == 0 && count_pages(RAM_PAGE_VALUE) == 0);
    CHECK(ram->stored[1] == 0 && ram->stored[2] == 0);
    CHECK(free_blocks() == count_pages(RAM_PAGE_FREE));
}
