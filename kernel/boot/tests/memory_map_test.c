// SPDX-License-Identifier: MIT
// What firmware may say about memory, sane and not.
#include <string.h>

#include "arch/host/host.h"
#include "boot/boot.h"
#include "test.h"

constexpr uint64_t PAGE = ARCH_PAGE_SIZE;
constexpr physical_t END = ARCH_PHYSICAL_END;

static struct boot boot;

static void begin(void)
{
    memset(&boot, 0, sizeof(boot));
    boot.kernel_base = 16 * PAGE;
    boot.kernel_end = 20 * PAGE;
}

static void add(physical_t base, uint64_t size, enum memory_kind kind)
{
    CHECK(memory_map_add(&boot, base, size, kind));
}

// Whether the list holds exactly this range.
static bool has(physical_t base, uint64_t size, enum memory_kind kind)
{
    for (size_t i = 0; i < boot.ranges; i++) {
        const struct memory_range *range = &boot.range[i];
        if (range->base == base && range->size == size && range->kind == kind) {
            return true;
        }
    }
    return false;
}

// The strongest kind that was said of a byte is what the list says, and the list is sorted, free
// of overlaps, in whole pages.
static bool is_sound(void)
{
    physical_t last = 0;

    for (size_t i = 0; i < boot.ranges; i++) {
        const struct memory_range *range = &boot.range[i];
        if (range->base < last || range->size == 0 || range->base % PAGE != 0 ||
            range->size % PAGE != 0 || range->size > END - range->base) {
            return false;
        }
        last = range->base + range->size;
    }
    return boot.ranges <= BOOT_RANGES;
}

static bool is_kind(physical_t address, enum memory_kind kind)
{
    for (size_t i = 0; i < boot.ranges; i++) {
        const struct memory_range *range = &boot.range[i];
        if (address >= range->base && address - range->base < range->size) {
            return range->kind == kind;
        }
    }
    return false;
}

TEST("page 0, the kernel's image and the initrd are kept out of RAM")
{
    begin();
    boot.initrd_base = 30 * PAGE + 5;
    boot.initrd_size = PAGE;
    add(0, 100 * PAGE, MEMORY_RAM);
    memory_map_normalise(&boot);
    CHECK(is_sound() && boot.ranges == 6);
    CHECK(has(0, PAGE, MEMORY_KEPT) && has(PAGE, 15 * PAGE, MEMORY_RAM));
    CHECK(has(16 * PAGE, 4 * PAGE, MEMORY_KEPT) && has(20 * PAGE, 10 * PAGE, MEMORY_RAM));
    CHECK(has(30 * PAGE, 2 * PAGE, MEMORY_KEPT) && has(32 * PAGE, 68 * PAGE, MEMORY_RAM));
    CHECK(boot.memory_total == 100 * PAGE);
}

TEST("ranges come in any order, and neighbours are joined")
{
    begin();
    add(50 * PAGE, 10 * PAGE, MEMORY_RAM);
    add(40 * PAGE, 10 * PAGE, MEMORY_RAM);
    add(60 * PAGE, PAGE, MEMORY_RAM);
    add(30 * PAGE, PAGE, MEMORY_RAM);
    memory_map_normalise(&boot);
    CHECK(is_sound());
    CHECK(has(40 * PAGE, 21 * PAGE, MEMORY_RAM) && has(30 * PAGE, PAGE, MEMORY_RAM));
}

TEST("where ranges overlap the stronger kind wins")
{
    begin();
    add(20 * PAGE, 40 * PAGE, MEMORY_RAM);
    add(30 * PAGE, 20 * PAGE, MEMORY_RAM);
    add(25 * PAGE, 10 * PAGE, MEMORY_RESERVED);
    add(30 * PAGE, PAGE, MEMORY_KEPT);
    memory_map_normalise(&boot);
    CHECK(is_sound());
    CHECK(has(20 * PAGE, 5 * PAGE, MEMORY_RAM) && has(25 * PAGE, 5 * PAGE, MEMORY_RESERVED));
    CHECK(has(30 * PAGE, PAGE, MEMORY_KEPT) && has(31 * PAGE, 4 * PAGE, MEMORY_RESERVED));
    CHECK(has(35 * PAGE, 25 * PAGE, MEMORY_RAM));
}

TEST("RAM shrinks to whole pages, all else grows to them")
{
    begin();
    add(40 * PAGE + 1, 4 * PAGE, MEMORY_RAM);
    add(50 * PAGE + 1, 1, MEMORY_RESERVED);
    add(60 * PAGE + 7, 100, MEMORY_RAM);
    memory_map_normalise(&boot);
    CHECK(is_sound());
    CHECK(has(41 * PAGE, 3 * PAGE, MEMORY_RAM) && has(50 * PAGE, PAGE, MEMORY_RESERVED));
    CHECK(!is_kind(60 * PAGE, MEMORY_RAM) && !is_kind(61 * PAGE, MEMORY_RAM));
}

TEST("empty ranges and those beyond all memory are ignored, and wrapping ones are cut")
{
    begin();
    add(40 * PAGE, 0, MEMORY_RAM);
    add(END, PAGE, MEMORY_RAM);
    add(UINT64_MAX, UINT64_MAX, MEMORY_RESERVED);
    CHECK(boot.ranges == 0);
    add(END - 4 * PAGE, UINT64_MAX, MEMORY_RAM);
    add(0 - PAGE, 3 * PAGE, MEMORY_RESERVED);
    add(0, UINT64_MAX, MEMORY_RAM);
    memory_map_normalise(&boot);
    CHECK(is_sound());
    CHECK(has(20 * PAGE, END - 20 * PAGE, MEMORY_RAM));
    CHECK(boot.memory_total == END);
}

TEST("a map without anything leaves what the kernel keeps")
{
    begin();
    memory_map_normalise(&boot);
    CHECK(is_sound() && boot.ranges == 2 && boot.memory_total == 0);
}

TEST("RAM that is reserved as well is not counted, RAM that is kept is")
{
    begin();
    add(20 * PAGE, 20 * PAGE, MEMORY_RAM);
    add(22 * PAGE, PAGE, MEMORY_RESERVED);
    add(24 * PAGE, PAGE, MEMORY_KEPT);
    memory_map_normalise(&boot);
    CHECK(boot.memory_total == 19 * PAGE);
}

TEST("a second time, with more ranges, keeps the total")
{
    begin();
    add(0, 100 * PAGE, MEMORY_RAM);
    memory_map_normalise(&boot);
    add(50 * PAGE, 2 * PAGE, MEMORY_KEPT);
    memory_map_normalise(&boot);
    CHECK(is_sound() && has(50 * PAGE, 2 * PAGE, MEMORY_KEPT));
    CHECK(boot.memory_total == 100 * PAGE);
    size_t ranges = boot.ranges;
    memory_map_normalise(&boot);
    CHECK(boot.ranges == ranges);
}

TEST("a full list drops RAM, the smallest first, for what is not RAM")
{
    begin();
    for (size_t i = 0; i < BOOT_RANGES; i++) {
        add((30 + 2 * i) % 400 * PAGE, i == 7 ? 1 : PAGE, MEMORY_RAM);
    }
    CHECK(!memory_map_add(&boot, 0, PAGE, MEMORY_RAM));
    CHECK(memory_map_add(&boot, 5 * PAGE, PAGE, MEMORY_KEPT));
    CHECK(boot.range[7].kind == MEMORY_KEPT && boot.ranges_dropped == 2);
    memory_map_normalise(&boot);
    CHECK(is_sound() && is_kind(5 * PAGE, MEMORY_KEPT) && is_kind(16 * PAGE, MEMORY_KEPT));
}

TEST("a full list without RAM takes only what the kernel keeps, for what is reserved")
{
    begin();
    for (size_t i = 0; i < BOOT_RANGES; i++) {
        add(i * 2 * PAGE, PAGE, MEMORY_RESERVED);
    }
    CHECK(!memory_map_add(&boot, 7 * PAGE, PAGE, MEMORY_RESERVED));
    CHECK(!memory_map_add(&boot, 7 * PAGE, PAGE, MEMORY_RAM));
    CHECK(memory_map_add(&boot, 7 * PAGE, PAGE, MEMORY_KEPT));
    CHECK(boot.ranges_dropped == 3 && boot.ranges == BOOT_RANGES);
    memory_map_normalise(&boot);
    CHECK(is_sound() && is_kind(7 * PAGE, MEMORY_KEPT) && is_kind(0, MEMORY_KEPT));
    CHECK(is_kind(16 * PAGE, MEMORY_KEPT) && is_kind(19 * PAGE, MEMORY_KEPT));
}

TEST("more ranges than fit never cost one that the kernel keeps")
{
    begin();
    // Each of these splits the one range of RAM, so that twice as many come out.
    add(0, END, MEMORY_RAM);
    for (size_t i = 0; i < BOOT_RANGES - 20; i++) {
        add((40 + 2 * i) * PAGE, PAGE, MEMORY_RESERVED);
    }
    add(END - 2 * PAGE, PAGE, MEMORY_KEPT);
    add(END - 4 * PAGE, PAGE, MEMORY_KEPT);
    memory_map_normalise(&boot);
    CHECK(is_sound() && boot.ranges == BOOT_RANGES && boot.ranges_dropped > 0);
    CHECK(is_kind(END - 2 * PAGE, MEMORY_KEPT) && is_kind(END - 4 * PAGE, MEMORY_KEPT));
    CHECK(is_kind(0, MEMORY_KEPT) && is_kind(16 * PAGE, MEMORY_KEPT));
}

TEST("of more RAM than fits the smallest pieces go")
{
    begin();
    for (size_t i = 0; i < BOOT_RANGES - 4; i++) {
        add((30 + 3 * i) % 4000 * PAGE, (i % 2 + 1) * PAGE, MEMORY_RAM);
    }
    for (size_t i = 0; i < 3; i++) {
        add((30 + 3 * i) * PAGE, PAGE, MEMORY_RESERVED);
    }
    memory_map_normalise(&boot);
    add(END - 20 * PAGE, 18 * PAGE, MEMORY_RAM);
    add(END - 10 * PAGE, PAGE, MEMORY_KEPT);
    memory_map_normalise(&boot);
    CHECK(is_sound() && is_kind(END - 20 * PAGE, MEMORY_RAM) &&
          is_kind(END - 3 * PAGE, MEMORY_RAM));
    CHECK(is_kind(END - 10 * PAGE, MEMORY_KEPT));
}

TEST("nothing but what is kept may fill the list")
{
    begin();
    for (size_t i = 0; i < BOOT_RANGES; i++) {
        add((21 + 2 * i) * PAGE, PAGE, MEMORY_KEPT);
    }
    memory_map_normalise(&boot);
    CHECK(is_sound() && boot.ranges == BOOT_RANGES);
}

TEST("any list of ranges gives a sound one that says the strongest of each page")
{
    static struct boot before;
    uint64_t state = 88172645463325252;

    for (unsigned round = 0; round < 400; round++) {
        begin();
        for (unsigned i = 0; i < round % 30; i++) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (void)memory_map_add(&boot, state % (60 * PAGE), (state >> 20) % (20 * PAGE),
                                 (enum memory_kind)((state >> 50) % 3));
        }
        before = boot;
        memory_map_normalise(&boot);
        CHECK(is_sound());
        for (unsigned page = 21; page < 80; page++) {
            bool kept = false;
            bool reserved = false;
            for (size_t i = 0; i < before.ranges; i++) {
                const struct memory_range *range = &before.range[i];
                bool meets =
                    range->base < (page + 1) * PAGE && range->base + range->size > page * PAGE;
                kept = kept || (meets && range->kind == MEMORY_KEPT);
                reserved = reserved || (meets && range->kind == MEMORY_RESERVED);
            }
            CHECK(is_kind(page * PAGE, MEMORY_KEPT) == kept);
            CHECK(is_kind(page * PAGE, MEMORY_RESERVED) == (reserved && !kept));
            CHECK(!is_kind(page * PAGE, MEMORY_RAM) || (!reserved && !kept));
        }
    }
}
