// SPDX-License-Identifier: MIT
#include "../tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

static struct tree tree;
static struct tree_node nodes[64];
static uint8_t archive[1 << 16];
static size_t size;
static uint8_t bytes[1 << 16];

static void add(const char *name, unsigned mode, const char *contents)
{
    size_t length = strlen(contents);
    size += (size_t)snprintf((char *)archive + size, 111,
                             "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", 0,
                             mode, 0, 0, 1, 0, length, 0, 0, 0, 0, strlen(name) + 1, 0);
    memcpy(archive + size, name, strlen(name) + 1);
    size = (size + strlen(name) + 1 + 3) & ~3ul;
    for (size_t i = 0; i < length; i++) {
        archive[size + i] = (uint8_t)contents[i];
    }
    size = (size + length + 3) & ~3ul;
}

static void start(void)
{
    memset(archive, 0, sizeof archive);
    size = 0;
    add("top.txt", 0100644, "top");
    add("bin/one", 0100755, "first");
    add("bin/two", 0100755, "second");
    add("bin/one", 0100755, "hidden");
    add("empty", 040755, "");
    add("TRAILER!!!", 0, "");
}

static uint64_t look(uint64_t folder, const char *name)
{
    uint64_t node = 0;
    uint32_t kind = 0;
    struct volume_text text = {.bytes = name, .length = strlen(name)};
    return tree_look(&tree, folder, text, &node, &kind) == KOZO_OK ? node : 0;
}

TEST("there is room for each name that the archive tells of, and for no more")
{
    start();
    // None and the root; three files, one hidden, each with its folder; and a folder.
    CHECK(tree_count(archive, size) == 2 + 1 + 2 + 2 + 2 + 1);
    CHECK(tree_start(&tree, archive, size, nodes, 7));
    CHECK(!tree_start(&tree, archive, size, nodes, 6));
    CHECK(!tree_start(&tree, archive, size, nodes, 2));
}

TEST("files are found by their paths, with folders that no entry names")
{
    start();
    REQUIRE(tree_start(&tree, archive, size, nodes, tree_count(archive, size)));
    uint64_t bin = look(1, "bin");
    uint64_t one = look(bin, "one");
    REQUIRE(bin != 0 && one != 0);
    struct kozo_node_stat stat;
    CHECK(tree_stat(&tree, bin, &stat) == KOZO_OK && stat.kind == KOZO_NODE_FOLDER);
    CHECK(tree_stat(&tree, one, &stat) == KOZO_OK && stat.size == 5);
    size_t done = 0;
    CHECK(tree_read(&tree, one, 1, bytes, 100, &done) == KOZO_OK);
    CHECK(done == 4 && memcmp(bytes, "irst", 4) == 0);
    CHECK(look(1, "nosuch") == 0 && look(one, "x") == 0 && look(1, "empty") != 0);
    CHECK(tree_read(&tree, bin, 0, bytes, 1, &done) == KOZO_BAD_TYPE);
    CHECK(tree_stat(&tree, 0, &stat) == KOZO_BAD_HANDLE);
    CHECK(tree_stat(&tree, tree.count, &stat) == KOZO_BAD_HANDLE);
}

TEST("a folder is listed in pieces, and strange places to go on from are refused")
{
    start();
    REQUIRE(tree_start(&tree, archive, size, nodes, tree_count(archive, size)));
    uint64_t from = 0;
    unsigned count = 0;
    struct volume_listing listing = {.bytes = bytes, .size = 40};
    while (tree_list(&tree, 1, from, &listing) == KOZO_OK && listing.done > 0) {
        struct kozo_folder_entry entry;
        memcpy(&entry, bytes, sizeof entry);
        from = entry.next;
        count++;
        listing.done = 0;
    }
    CHECK(count == 3);
    listing.done = 0;
    CHECK(tree_list(&tree, 1, look(look(1, "bin"), "one"), &listing) == KOZO_BAD_ARGUMENT);
    CHECK(tree_list(&tree, 1, UINT64_MAX, &listing) == KOZO_BAD_ARGUMENT);
    CHECK(tree_list(&tree, look(1, "top.txt"), 0, &listing) == KOZO_BAD_TYPE);
}

TEST("an archive with any byte changed gives a tree or is refused, and nothing outside is read")
{
    for (size_t i = 0; i < 1'500; i++) {
        start();
        uint8_t *copy = malloc(size);
        memcpy(copy, archive, size);
        copy[i % size] ^= (uint8_t)(1 + i / size);
        (void)tree_start(&tree, copy, size, nodes, 64);
        struct volume_listing listing = {.bytes = bytes, .size = sizeof bytes};
        CHECK(tree_list(&tree, 1, 0, &listing) == KOZO_OK);
        for (uint64_t node = 1; node < tree.count; node++) {
            size_t done = 0;
            (void)tree_read(&tree, node, 0, bytes, sizeof bytes, &done);
        }
        free(copy);
    }
}
