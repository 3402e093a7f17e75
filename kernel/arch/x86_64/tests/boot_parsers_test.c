// SPDX-License-Identifier: MIT
// What loaders and firmware say, sound and hostile: pvh.c, multiboot2.c, acpi.c over bytes made
// here. The bytes lie in memory of exactly the size of the view, so that a read past its end is
// seen by the sanitizer.
#include <stdlib.h>
#include <string.h>

#include "acpi.h"
#include "multiboot2.h"
#include "pvh.h"
#include "test.h"

constexpr uint64_t BASE = 0x10000; // physical address of the view
constexpr uint64_t SIZE = 4096;

static struct boot boot;
static struct acpi_info info;
static struct memory_view view;

static void begin(uint64_t base, uint64_t size)
{
    memset(&boot, 0, sizeof(boot));
    free((void *)view.bytes);
    view = (struct memory_view){.bytes = calloc(1, size), .base = base, .size = size};
}

static void put(uint64_t offset, const void *from, size_t size)
{
    memcpy((uint8_t *)view.bytes + offset, from, size);
}

static void put8(uint64_t offset, uint8_t value)
{
    put(offset, &value, sizeof(value));
}

static void put16(uint64_t offset, uint16_t value)
{
    put(offset, &value, sizeof(value));
}

static void put32(uint64_t offset, uint32_t value)
{
    put(offset, &value, sizeof(value));
}

static void put64(uint64_t offset, uint64_t value)
{
    put(offset, &value, sizeof(value));
}

// The parsers add to the list; what the real one makes of it has tests of its own.
bool memory_map_add(struct boot *into, physical_t base, uint64_t size, enum memory_kind kind)
{
    if (into->ranges == BOOT_RANGES) {
        into->ranges_dropped++;
        return false;
    }
    into->range[into->ranges++] = (struct memory_range){base, size, kind};
    return true;
}

// --- PVH ----------------------------------------------------------------------------------------

static void pvh_make(void)
{
    begin(BASE, SIZE);
    put32(0, 0x336ec578);
    put32(4, 1);
    put32(12, 1);
    put64(16, BASE + 0x100);
    put64(24, BASE + 0x200);
    put64(32, 0xe0000);
    put64(40, BASE + 0x300);
    put32(48, 2);
    put64(0x100, 0x200000);
    put64(0x108, 0x1234);
    put(0x200, "one two", 8);
    put64(0x300, 0);
    put64(0x308, 0x9f000);
    put32(0x310, 1);
    put64(0x318, 0x100000);
    put64(0x320, 0x700000);
    put32(0x328, 2);
}

TEST("a PVH start info gives memory, initrd, command line and RSDP")
{
    pvh_make();
    REQUIRE(pvh_read(&view, BASE, &boot));
    CHECK(boot.ranges == 2);
    CHECK(boot.range[0].kind == MEMORY_RAM && boot.range[0].size == 0x9f000);
    CHECK(boot.range[1].kind == MEMORY_RESERVED && boot.range[1].base == 0x100000);
    CHECK(boot.initrd_base == 0x200000 && boot.initrd_size == 0x1234);
    CHECK(strcmp(boot.command_line, "one two") == 0);
    CHECK(boot.rsdp == 0xe0000);
}

TEST("a PVH start info with a wrong magic, an old version, or outside of memory is refused")
{
    pvh_make();
    CHECK(!pvh_read(&view, BASE + SIZE - 8, &boot));
    CHECK(!pvh_read(&view, 0, &boot));
    CHECK(!pvh_read(&view, UINT64_MAX - 7, &boot));
    put32(4, 0);
    CHECK(!pvh_read(&view, BASE, &boot));
    put32(4, 1);
    put32(0, 0);
    CHECK(!pvh_read(&view, BASE, &boot));
}

TEST("PVH pointers that lead nowhere are passed over")
{
    pvh_make();
    put64(16, UINT64_MAX - 3);
    put64(24, 8);
    put64(40, BASE + SIZE - 30);
    put32(48, UINT32_MAX);
    REQUIRE(pvh_read(&view, BASE, &boot));
    CHECK(boot.ranges == 1);
    CHECK(boot.initrd_size == 0);
    CHECK(boot.command_line[0] == 0);
}

TEST("a command line without an end is cut off")
{
    pvh_make();
    memset((uint8_t *)view.bytes + 0x400, 'x', SIZE - 0x400);
    put64(24, BASE + 0x400);
    REQUIRE(pvh_read(&view, BASE, &boot));
    CHECK(strlen(boot.command_line) == sizeof(boot.command_line) - 1);
    put64(24, BASE + SIZE - 5);
    REQUIRE(pvh_read(&view, BASE, &boot));
    CHECK(strcmp(boot.command_line, "xxxxx") == 0);
}

// --- Multiboot2 ----------------------------------------------------------------------------------

static uint64_t tag_end;

static void tag(uint32_t type, uint32_t content)
{
    put32(tag_end, type);
    put32(tag_end + 4, content + 8);
    tag_end += (content + 8 + 7) & ~UINT64_C(7);
    put32(0, (uint32_t)tag_end);
}

static void multiboot2_make(void)
{
    begin(BASE, SIZE);
    tag_end = 8;
    put(tag_end + 8, "a b", 4);
    tag(1, 4);
    put32(tag_end + 8, 0x300000);
    put32(tag_end + 12, 0x301000);
    tag(3, 9);
    put32(tag_end + 8, 24);
    put64(tag_end + 16, 0x100000);
    put64(tag_end + 24, 0x100000);
    put32(tag_end + 32, 1);
    tag(6, 8 + 24);
    tag(14, 20);
    tag(0, 0);
}

TEST("Multiboot2 information gives memory, initrd, command line and RSDP")
{
    multiboot2_make();
    REQUIRE(multiboot2_read(&view, BASE, &boot));
    CHECK(strcmp(boot.command_line, "a b") == 0);
    CHECK(boot.initrd_base == 0x300000 && boot.initrd_size == 0x1000);
    REQUIRE(boot.ranges == 2);
    CHECK(boot.range[0].base == 0x100000 && boot.range[0].kind == MEMORY_RAM);
    CHECK(boot.range[1].kind == MEMORY_RESERVED && boot.range[1].base == BASE);
    CHECK(boot.rsdp > BASE && boot.rsdp < BASE + SIZE);
}

TEST("Multiboot2 information that is larger than memory is refused")
{
    multiboot2_make();
    put32(0, SIZE + 1);
    CHECK(!multiboot2_read(&view, BASE, &boot));
    CHECK(!multiboot2_read(&view, BASE + SIZE - 4, &boot));
}

TEST("a Multiboot2 tag that is too long, or has no length, ends the list")
{
    multiboot2_make();
    put32(12, 0);
    REQUIRE(multiboot2_read(&view, BASE, &boot));
    CHECK(boot.ranges == 0 && boot.initrd_size == 0);
    put32(12, UINT32_MAX);
    REQUIRE(multiboot2_read(&view, BASE, &boot));
    CHECK(boot.ranges == 0 && boot.initrd_size == 0);
}

TEST("a memory map with entries that are too small adds nothing")
{
    multiboot2_make();
    tag_end = 8;
    put32(tag_end + 8, 8);
    tag(6, 32);
    REQUIRE(multiboot2_read(&view, BASE, &boot));
    CHECK(boot.ranges == 0);
}

TEST("a module that ends before it begins is passed over")
{
    multiboot2_make();
    tag_end = 8;
    put32(tag_end + 8, 0x301000);
    put32(tag_end + 12, 0x300000);
    tag(3, 9);
    REQUIRE(multiboot2_read(&view, BASE, &boot));
    CHECK(boot.initrd_size == 0);
}

// --- ACPI ----------------------------------------------------------------------------------------

static void checksum(uint64_t at, uint64_t offset, uint64_t size)
{
    uint8_t sum = 0;

    put8(offset + at, 0);
    for (uint64_t i = 0; i < size; i++) {
        sum = (uint8_t)(sum + view.bytes[offset + i]);
    }
    put8(offset + at, (uint8_t)-sum);
}

static void table_make(uint64_t offset, const char *signature, uint32_t length)
{
    put(offset, signature, 4);
    put32(offset + 4, length);
    checksum(9, offset, length);
}

// RSDP at 0, RSDT at 0x100, MADT at 0x200, FADT at 0x400.
static void acpi_make(void)
{
    begin(BASE, SIZE);
    put(0, "RSD PTR ", 8);
    put32(16, BASE + 0x100);
    checksum(8, 0, 20);
    put32(0x124, BASE + 0x200);
    put32(0x128, BASE + 0x400);
    table_make(0x100, "RSDT", 44);

    put8(0x22c, 0);
    put8(0x22d, 8);
    put32(0x230, 1);
    put8(0x234, 1);
    put8(0x235, 12);
    put32(0x238, 0xfec00000);
    put8(0x240, 2);
    put8(0x241, 10);
    put8(0x243, 9);
    put32(0x244, 20);
    put16(0x248, 0xf);
    put8(0x24a, 9);
    put8(0x24b, 16);
    put32(0x252, 1);
    table_make(0x200, "APIC", 0x5a);

    put32(0x400 + 76, 0x608);
    put8(0x400 + 91, 4);
    table_make(0x400, "FACP", 244);
}

TEST("ACPI tables give processors, I/O APICs, overrides and the timer")
{
    acpi_make();
    REQUIRE(acpi_read(&view, BASE, &info));
    CHECK(info.processors == 2);
    CHECK(info.io_apics == 1 && info.io_apic[0].address == 0xfec00000);
    CHECK(info.isa[9].present && info.isa[9].interrupt == 20);
    CHECK(info.isa[9].level && info.isa[9].low);
    CHECK(!info.isa[4].present);
    CHECK(info.timer_port == 0x608);
}

TEST("a table with a wrong checksum is not read")
{
    acpi_make();
    put8(0x230, 0);
    CHECK(!acpi_read(&view, BASE, &info));
    CHECK(info.processors == 0 && info.io_apics == 0);
    CHECK(info.timer_port == 0x608);
    acpi_make();
    put8(0x130, 1);
    CHECK(acpi_read(&view, BASE, &info));
    put8(0x10a, 1);
    CHECK(!acpi_read(&view, BASE, &info));
}

TEST("a MADT whose entries have no length, or run over its end, is read up to there")
{
    acpi_make();
    put8(0x235, 0);
    table_make(0x200, "APIC", 0x5a);
    REQUIRE(acpi_read(&view, BASE, &info));
    CHECK(info.processors == 1 && info.io_apics == 0);
    put8(0x235, 255);
    table_make(0x200, "APIC", 0x5a);
    REQUIRE(acpi_read(&view, BASE, &info));
    CHECK(info.processors == 1 && info.io_apics == 0);
}

TEST("tables that lie about their length or place are passed over")
{
    acpi_make();
    put32(0x204, UINT32_MAX);
    CHECK(!acpi_read(&view, BASE, &info));
    put32(0x204, 4);
    CHECK(!acpi_read(&view, BASE, &info));
    acpi_make();
    put32(0x124, UINT32_MAX - 3);
    table_make(0x100, "RSDT", 44);
    CHECK(!acpi_read(&view, BASE, &info));
    CHECK(!acpi_read(&view, UINT64_MAX - 4, &info));
}

TEST("more I/O APICs than there is room for are left out")
{
    acpi_make();
    for (uint64_t i = 0; i < 20; i++) {
        put8(0x600 + 0x2c + 12 * i, 1);
        put8(0x601 + 0x2c + 12 * i, 12);
    }
    put32(0x124, BASE + 0x600);
    table_make(0x600, "APIC", 0x2c + 12 * 20);
    table_make(0x100, "RSDT", 44);
    REQUIRE(acpi_read(&view, BASE, &info));
    CHECK(info.io_apics == ACPI_IO_APICS);
}

TEST("the RSDP is found where a BIOS puts it, and nowhere in empty memory")
{
    begin(0, 0x100000);
    CHECK(acpi_find_rsdp(&view) == 0);
    put16(0x40e, 0xffff);
    CHECK(acpi_find_rsdp(&view) == 0);
    put(0xf5a10, "RSD PTR ", 8);
    checksum(8, 0xf5a10, 20);
    CHECK(acpi_find_rsdp(&view) == 0xf5a10);
    put16(0x40e, 0x9fc0);
    put(0x9fc20, "RSD PTR ", 8);
    checksum(8, 0x9fc20, 20);
    CHECK(acpi_find_rsdp(&view) == 0x9fc20);
}
