// SPDX-License-Identifier: MIT
#include <kozo/cpio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

static uint8_t archive[4096];
static size_t length;

static void pad(void)
{
    while (length % 4 != 0) {
        archive[length++] = 0;
    }
}

static void add(const char *name, const char *data, unsigned mode)
{
    int written = snprintf((char *)archive + length, sizeof archive - length,
                           "070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X%08zX%08X", 1u, mode,
                           0u, 0u, 1u, 0u, strlen(data), 0u, 0u, 0u, 0u, strlen(name) + 1, 0u);
    length += (size_t)written;
    memcpy(archive + length, name, strlen(name) + 1);
    length += strlen(name) + 1;
    pad();
    for (; *data != 0; data++) {
        archive[length++] = (uint8_t)*data;
    }
    pad();
}

// Overwrites a number of the first header.
static void put_field(size_t number, const char *digits)
{
    for (size_t i = 0; i < 8; i++) {
        archive[6 + 8 * number + i] = (uint8_t)digits[i];
    }
}

static void start(void)
{
    memset(archive, 0, sizeof archive);
    length = 0;
}

static void end(void)
{
    add("TRAILER!!!", "", 0);
}

static void two_files(void)
{
    start();
    add(".", "", 0040755);
    add("bin", "", 0040755);
    add("bin/hello", "hello there", 0100755);
    add("./readme", "x", 0100644);
    end();
}

// Walks to the end of a copy that is exactly as long as said, so that the sanitizer sees any step
// beyond it. Gives the last entry.
static struct kozo_cpio_entry walk(size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    memcpy(copy, archive, size);
    struct kozo_cpio cpio = {.data = copy, .size = size};
    struct kozo_cpio_entry entry = kozo_cpio_next(&cpio);
    for (int i = 0; i < 100 && entry.step == KOZO_CPIO_ENTRY; i++) {
        entry = kozo_cpio_next(&cpio);
    }
    free(copy);
    return entry;
}

TEST("a CPIO archive gives its files in order and leaves out the root folder")
{
    two_files();
    struct kozo_cpio cpio = {.data = archive, .size = length};
    struct kozo_cpio_entry entry = kozo_cpio_next(&cpio);
    CHECK(entry.step == KOZO_CPIO_ENTRY && !entry.file && strcmp(entry.name, "bin") == 0);
    entry = kozo_cpio_next(&cpio);
    REQUIRE(entry.step == KOZO_CPIO_ENTRY && entry.file);
    CHECK(strcmp(entry.name, "bin/hello") == 0 && entry.size == 11);
    CHECK(memcmp(entry.data, "hello there", 11) == 0);
    entry = kozo_cpio_next(&cpio);
    CHECK(entry.step == KOZO_CPIO_ENTRY && strcmp(entry.name, "readme") == 0);
    CHECK(kozo_cpio_next(&cpio).step == KOZO_CPIO_END);
    CHECK(kozo_cpio_next(&cpio).step == KOZO_CPIO_END);
}

TEST("a file of a CPIO archive is found by its name, a folder and a stranger are not")
{
    two_files();
    CHECK(kozo_cpio_find(archive, length, "readme").size == 1);
    CHECK(kozo_cpio_find(archive, length, "bin").step == KOZO_CPIO_END);
    CHECK(kozo_cpio_find(archive, length, "nosuch").step == KOZO_CPIO_END);
}

TEST("a CPIO archive that is cut anywhere is refused with a reason")
{
    two_files();
    size_t whole = length;
    for (size_t size = 0; size + 4 < whole; size++) {
        struct kozo_cpio_entry entry = walk(size);
        CHECK(entry.step == KOZO_CPIO_DAMAGED && entry.reason != nullptr);
    }
    CHECK(walk(whole).step == KOZO_CPIO_END);
}

TEST("a CPIO archive with any one byte of a header changed never leads outside")
{
    for (size_t at = 0; at < 110; at++) {
        for (unsigned value = 0; value < 256; value += 5) {
            two_files();
            archive[at] = (uint8_t)value;
            (void)walk(length);
        }
    }
    CHECK(true);
}

static bool refused(const char *name, unsigned mode)
{
    start();
    add(name, "data", mode);
    end();
    return walk(length).step == KOZO_CPIO_DAMAGED;
}

TEST("a CPIO archive refuses names that are no plain relative path")
{
    CHECK(!refused("a/b/c", 0100644));
    CHECK(refused("..", 0100644));
    CHECK(refused("a/../b", 0100644));
    CHECK(refused("a//b", 0100644));
    CHECK(refused("a/", 0100644));
    CHECK(refused("a\nb", 0100644));
    CHECK(refused("a\x1b[2J", 0100644));
    CHECK(refused("//a", 0100644));
}

TEST("a CPIO archive refuses links and devices")
{
    CHECK(refused("link", 0120777));
    CHECK(refused("device", 0020600));
}

TEST("a CPIO archive refuses sizes that wrap around or are no numbers")
{
    two_files();
    put_field(6, "FFFFFFFF");
    CHECK(walk(length).step == KOZO_CPIO_DAMAGED);
    two_files();
    put_field(11, "FFFFFFFF");
    CHECK(walk(length).step == KOZO_CPIO_DAMAGED);
    two_files();
    put_field(11, "00000000");
    CHECK(walk(length).step == KOZO_CPIO_DAMAGED);
    two_files();
    put_field(6, "-0000001");
    CHECK(walk(length).step == KOZO_CPIO_DAMAGED);
}
