// SPDX-License-Identifier: MIT
// The build gives the kernel's functions other names than the standard library's.
#define memcpy  kernel_memcpy
#define memmove kernel_memmove
#define memset  kernel_memset
#define memcmp  kernel_memcmp

#include "lib/memory.h"

#include "test.h"

static unsigned char bytes[32];

static void fill(void)
{
    for (unsigned i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (unsigned char)i;
    }
}

TEST("memcpy and memmove copy, also onto themselves")
{
    fill();
    CHECK(memcpy(bytes, bytes + 16, 8) == bytes);
    CHECK(bytes[0] == 16 && bytes[7] == 23 && bytes[8] == 8);
    fill();
    CHECK(memmove(bytes + 1, bytes, 8) == bytes + 1);
    CHECK(bytes[1] == 0 && bytes[8] == 7 && bytes[9] == 9);
    fill();
    CHECK(memmove(bytes, bytes + 1, 8) == bytes);
    CHECK(bytes[0] == 1 && bytes[7] == 8 && bytes[8] == 8);
    CHECK(memmove(bytes, bytes, 0) == bytes);
}

TEST("memset fills and memory_zero zeroes, and neither goes further")
{
    alignas(8) static unsigned char words[32];
    for (unsigned i = 0; i < sizeof(words); i++) {
        words[i] = 1;
    }
    memory_zero(words + 8, 16);
    CHECK(words[7] == 1 && words[8] == 0 && words[23] == 0 && words[24] == 1);
    CHECK(memset(words, 0x155, 4) == words);
    CHECK(words[3] == 0x55 && words[4] == 1);
}

TEST("memset fills the same bytes at every boundary, words or not")
{
    constexpr unsigned room = 96;
    alignas(8) static unsigned char memory[room];
    for (unsigned start = 0; start < 9; start++) {
        for (unsigned size = 0; size < 80; size++) {
            (void)memset(memory, 1, room);
            (void)memset(memory + start, 0xa7, size);
            for (unsigned i = 0; i < room; i++) {
                bool inside = i >= start && i < start + size;
                CHECK(memory[i] == (inside ? 0xa7 : 1));
            }
        }
    }
}

TEST("memcmp orders by the first byte that differs, as unsigned")
{
    CHECK(memcmp("abc", "abc", 3) == 0);
    CHECK(memcmp("abc", "abd", 3) < 0);
    CHECK(memcmp("\xff", "a", 1) > 0);
    CHECK(memcmp("a", "b", 0) == 0);
}
