// SPDX-License-Identifier: MIT
#include <kozo/abi.h>
#include <kozo/elf.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

// A small good file: header, two program headers, and two pages of content.
static uint8_t file[12288];

constexpr size_t HEADERS = 64;

static void put(size_t offset, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        file[offset + i] = (uint8_t)(value >> (8 * i));
    }
}

static void put_segment(size_t number, uint32_t flags, uint64_t offset, uint64_t address,
                        uint64_t in_file, uint64_t in_memory)
{
    size_t at = HEADERS + number * 56;
    put(at, 1, 4);
    put(at + 4, flags, 4);
    put(at + 8, offset, 8);
    put(at + 16, address, 8);
    put(at + 24, address, 8);
    put(at + 32, in_file, 8);
    put(at + 40, in_memory, 8);
    put(at + 48, 4096, 8);
}

static void good(void)
{
    memset(file, 0, sizeof file);
    constexpr uint8_t identification[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    memcpy(file, identification, sizeof identification);
    put(16, 2, 2);
    put(18, KOZO_ELF_X86_64, 2);
    put(20, 1, 4);
    put(24, 0x401000, 8);
    put(32, HEADERS, 8);
    put(52, 64, 2);
    put(54, 56, 2);
    put(56, 2, 2);
    put_segment(0, 5, 4096, 0x401000, 4096, 4096);
    put_segment(1, 6, 8192, 0x402000, 100, 9000);
}

static struct kozo_elf check_size(size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    memcpy(copy, file, size);
    struct kozo_elf elf = kozo_elf_check(copy, size, KOZO_ELF_X86_64);
    free(copy);
    return elf;
}

static bool refused(const char *reason)
{
    struct kozo_elf elf = check_size(sizeof file);
    return elf.reason != nullptr && strstr(elf.reason, reason) != nullptr;
}

TEST("a good ELF file is accepted, with its segments by rising address")
{
    good();
    put_segment(0, 6, 8192, 0x402000, 100, 9000);
    put_segment(1, 5, 4096, 0x401000, 4096, 4096);
    struct kozo_elf elf = check_size(sizeof file);
    REQUIRE(elf.reason == nullptr && elf.segments == 2);
    CHECK(elf.entry == 0x401000);
    CHECK(elf.segment[0].address == 0x401000 && elf.segment[1].address == 0x402000);
    CHECK(elf.segment[0].rights == (KOZO_RIGHT_READ | KOZO_RIGHT_EXECUTE));
    CHECK(elf.segment[1].rights == (KOZO_RIGHT_READ | KOZO_RIGHT_WRITE));
    CHECK(elf.segment[1].file == 100 && elf.segment[1].memory == 9000);
}

TEST("an ELF file that is cut anywhere is refused with a reason")
{
    good();
    for (size_t size = 0; size < 8192 + 100; size += size < 256 ? 1 : 13) {
        CHECK(check_size(size).reason != nullptr);
    }
    CHECK(check_size(8192 + 100).reason == nullptr);
}

TEST("an ELF file of another kind is refused: magic, class, order, version, machine, type")
{
    good(), file[0] = 0;
    CHECK(refused("no ELF"));
    good(), file[4] = 1;
    CHECK(refused("64-bit"));
    good(), file[5] = 2;
    CHECK(refused("little-endian"));
    good(), file[6] = 0;
    CHECK(refused("version"));
    good(), put(18, KOZO_ELF_AARCH64, 2);
    CHECK(refused("another machine"));
    good(), put(16, 3, 2);
    CHECK(refused("static executable"));
    good(), put(16, 1, 2);
    CHECK(refused("static executable"));
}

TEST("an ELF file with header sizes or counts out of order is refused")
{
    good(), put(52, 63, 2);
    CHECK(refused("header of the wrong size"));
    good(), put(54, 32, 2);
    CHECK(refused("program headers of the wrong size"));
    good(), put(56, 0, 2);
    CHECK(refused("no program headers"));
    good(), put(56, 0xffff, 2);
    CHECK(refused("too many program headers"));
    good(), put(32, UINT64_MAX - 10, 8);
    CHECK(refused("outside of the file"));
    good(), put(32, sizeof file - 60, 8);
    CHECK(refused("outside of the file"));
}

TEST("an ELF segment outside of the file is refused, also by wrap-around")
{
    good(), put_segment(1, 6, UINT64_MAX - 50, 0x402000, 100, 9000);
    CHECK(refused("segment outside of the file"));
    good(), put_segment(1, 6, 8192, 0x402000, 8192, 9000);
    CHECK(refused("segment outside of the file"));
    good(), put_segment(1, 6, 8192, 0x402000, 100, 99);
    CHECK(refused("more bytes in the file"));
}

TEST("an ELF segment outside of the program's addresses is refused, also by wrap-around")
{
    good(), put_segment(1, 6, 8192, UINT64_MAX - 4095, 100, 9000);
    CHECK(refused("addresses for programs"));
    good(), put_segment(1, 6, 8192, 0x402000, 100, UINT64_MAX - 0x1000);
    CHECK(refused("addresses for programs"));
    good(), put_segment(1, 6, 8192, 0, 100, 9000);
    CHECK(refused("addresses for programs"));
    good(), put_segment(1, 6, 8192, 0xffff800000000000, 100, 9000);
    CHECK(refused("addresses for programs"));
    good(), put_segment(1, 6, 8192, KOZO_PROGRAM_END - 4096, 100, 9000);
    CHECK(refused("addresses for programs"));
}

TEST("ELF segments that overlap or share a page are refused, in any order")
{
    good(), put_segment(1, 6, 8192, 0x401000, 100, 9000);
    CHECK(refused("overlap"));
    good(), put_segment(0, 5, 4096, 0x401000, 4096, 4097);
    CHECK(refused("overlap"));
    good(), put_segment(1, 6, 8192, 0x400000, 100, 9000);
    CHECK(refused("overlap"));
}

TEST("an ELF segment that is writable and executable is refused")
{
    good(), put_segment(1, 7, 8192, 0x402000, 100, 9000);
    CHECK(refused("both writable and executable"));
    good(), put_segment(1, 0, 8192, 0x402000, 100, 9000);
    CHECK(refused("no access"));
}

TEST("an ELF segment with a wrong alignment is refused")
{
    good(), put(HEADERS + 48, 3000, 8);
    CHECK(refused("no power of two"));
    good(), put(HEADERS + 16, 0x401010, 8);
    CHECK(refused("do not fit its alignment"));
}

TEST("an ELF file whose entry is not executable is refused")
{
    good(), put(24, 0x402000, 8);
    CHECK(refused("entry"));
    good(), put(24, 0x402000 - 4096 - 1, 8);
    CHECK(refused("entry"));
    good(), put(24, UINT64_MAX, 8);
    CHECK(refused("entry"));
}

TEST("an ELF file that needs more than a static program gets is refused")
{
    good(), put(HEADERS + 56, 3, 4);
    CHECK(refused("dynamically"));
    good(), put(HEADERS + 56, 2, 4);
    CHECK(refused("dynamically"));
    good(), put(HEADERS + 56, 7, 4);
    CHECK(refused("thread-local"));
    good(), put(HEADERS + 56, 0x6474e551, 4), put(HEADERS + 60, 7, 4);
    CHECK(refused("executable stack"));
    good(), put_segment(1, 6, 8192, 0x402000, 100, 512ul << 20);
    CHECK(refused("too much memory"));
}

TEST("an ELF file without a segment, or with too many, is refused")
{
    good(), put(HEADERS, 4, 4), put(HEADERS + 56, 4, 4);
    CHECK(refused("nothing to load"));
    good(), put(56, 9, 2);
    for (size_t i = 0; i < 9; i++) {
        put_segment(i, 5, 4096, 0x401000 + i * 4096, 10, 10);
    }
    CHECK(refused("too many segments"));
}

TEST("an ELF file with any one byte of its headers changed never leads outside")
{
    for (size_t at = 0; at < 64 + 112; at++) {
        for (unsigned value = 0; value < 256; value += 7) {
            good();
            file[at] = (uint8_t)value;
            struct kozo_elf elf = check_size(sizeof file);
            for (size_t i = 0; elf.reason == nullptr && i < elf.segments; i++) {
                CHECK(elf.segment[i].offset + elf.segment[i].file <= sizeof file);
            }
        }
    }
}
