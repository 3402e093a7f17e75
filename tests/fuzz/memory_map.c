// SPDX-License-Identifier: MIT
// Any list of ranges that firmware may report. What comes out is sorted, without overlaps, in whole
// pages; nothing that was said to be RESERVED or KEPT is free RAM; and once more changes nothing.
#include <stdlib.h>

#include "arch/host/host.h"
#include "boot/boot.h"
#include "input.h"

constexpr physical_t END = ARCH_PHYSICAL_END;
constexpr unsigned KEPT_MOST = 64; // the kernel's own, which are few

static struct boot boot, again;

static void demand(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check_sound(void)
{
    physical_t last = 0;

    demand(boot.ranges <= BOOT_RANGES);
    for (size_t i = 0; i < boot.ranges; i++) {
        const struct memory_range *range = &boot.range[i];
        demand(range->base >= last && range->size > 0 && range->size <= END - range->base);
        demand((range->base | range->size) % ARCH_PAGE_SIZE == 0);
        last = range->base + range->size;
    }
}

// No byte of what is not to be used is in a range of RAM.
static void check_not_free(physical_t base, uint64_t size)
{
    physical_t last = size > END - base ? END : base + size;

    for (size_t i = 0; i < boot.ranges; i++) {
        const struct memory_range *range = &boot.range[i];
        demand(range->kind != MEMORY_RAM || range->base >= last ||
               range->base + range->size <= base);
    }
}

static void check_kept(physical_t address)
{
    bool kept = false;

    for (size_t i = 0; i < boot.ranges; i++) {
        const struct memory_range *range = &boot.range[i];
        kept = kept || (range->kind == MEMORY_KEPT && range->base <= address &&
                        address - range->base < range->size);
    }
    demand(kept);
}

// A number of up to 8 bytes, in a unit that makes neighbours and overlaps likely.
static uint64_t number(struct input *input)
{
    uint8_t how = input_byte(input);

    return how < 0xc0 ? how * (ARCH_PAGE_SIZE / 4) : input_number(input, how % 8 + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *byte, size_t size)
{
    struct input input = {byte, size};
    struct memory_range said[BOOT_RANGES];
    size_t count = 0;
    unsigned kept = 0;

    boot = (struct boot){.kernel_base = 16 * ARCH_PAGE_SIZE, .kernel_end = 20 * ARCH_PAGE_SIZE};
    boot.initrd_base = number(&input);
    boot.initrd_size = number(&input);
    while (input.left > 0 && count < BOOT_RANGES) {
        physical_t base = number(&input);
        uint64_t length = number(&input);
        enum memory_kind kind = (enum memory_kind)(input_byte(&input) % 3);
        kept += kind == MEMORY_KEPT;
        if (kept > KEPT_MOST) {
            break;
        }
        if (memory_map_add(&boot, base, length, kind)) {
            said[count++] = (struct memory_range){base, length, kind};
        }
    }
    bool dropped = boot.ranges_dropped > 0;
    memory_map_normalise(&boot);
    check_sound();
    for (size_t i = 0; i < count && !dropped && boot.ranges_dropped == 0; i++) {
        if (said[i].kind != MEMORY_RAM && said[i].base < END && said[i].size > 0) {
            check_not_free(said[i].base, said[i].size);
        }
    }
    check_kept(boot.kernel_base);
    check_kept(boot.kernel_end - 1);
    again = boot;
    memory_map_normalise(&again);
    demand(dropped || boot.ranges_dropped > 0 ||
           (again.ranges == boot.ranges &&
            memcmp(again.range, boot.range, boot.ranges * sizeof(boot.range[0])) == 0));
    return 0;
}
