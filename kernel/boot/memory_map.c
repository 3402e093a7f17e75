// SPDX-License-Identifier: MIT
// From what firmware says about memory to a list that can be trusted: sorted, free of overlaps, in
// whole pages. Nothing here depends on the machine; the host's tests feed it nonsense.
#include "boot/boot.h"

constexpr uint64_t PAGE = (uint64_t)1 << ARCH_PAGE_BITS;

// What a range of this kind may take the place of: the smallest range of the weakest kind, if that is
// a weaker one. RAM comes first, so that what is not RAM can be told apart from it.
static struct memory_range *find_weaker(struct boot *boot, enum memory_kind kind)
{
    struct memory_range *weakest = nullptr;

    for (size_t i = 0; i < boot->ranges; i++) {
        struct memory_range *range = &boot->range[i];
        bool weaker = weakest == nullptr || range->kind < weakest->kind ||
                      (range->kind == weakest->kind && range->size < weakest->size);
        if (range->kind < kind && weaker) {
            weakest = range;
        }
    }
    return weakest;
}

bool memory_map_add(struct boot *boot, physical_t base, uint64_t size, enum memory_kind kind)
{
    if (size == 0 || base >= ARCH_PHYSICAL_END) {
        return true;
    }
    if (size > ARCH_PHYSICAL_END - base) {
        size = ARCH_PHYSICAL_END - base;
    }
    struct memory_range range = {base, size, kind};
    if (boot->ranges < BOOT_RANGES) {
        boot->range[boot->ranges++] = range;
        return true;
    }
    boot->ranges_dropped++;
    struct memory_range *victim = find_weaker(boot, kind);
    if (victim == nullptr) {
        return false;
    }
    *victim = range;
    return true;
}

static void sort(struct boot *boot)
{
    for (size_t i = 1; i < boot->ranges; i++) {
        struct memory_range range = boot->range[i];
        size_t j = i;
        while (j > 0 && boot->range[j - 1].base > range.base) {
            boot->range[j] = boot->range[j - 1];
            j--;
        }
        boot->range[j] = range;
    }
}

static physical_t end_of(const struct memory_range *range)
{
    return range->base + range->size;
}

// The strongest kind that covers `address`, and how far from there nothing changes.
struct cover {
    bool any;
    bool ram; // some range says that it is RAM
    enum memory_kind kind;
    physical_t end;
};

static struct cover cover_at(const struct boot *boot, physical_t address)
{
    struct cover cover = {.kind = MEMORY_RAM, .end = ARCH_PHYSICAL_END};

    for (size_t i = 0; i < boot->ranges; i++) {
        const struct memory_range *range = &boot->range[i];
        physical_t end = end_of(range);
        if (range->base > address) {
            cover.end = range->base < cover.end ? range->base : cover.end;
        } else if (end > address) {
            cover.end = end < cover.end ? end : cover.end;
            if (range->kind > cover.kind) {
                cover.kind = range->kind;
            }
            cover.any = true;
            cover.ram = cover.ram || range->kind == MEMORY_RAM;
        }
    }
    return cover;
}

// RAM shrinks to whole pages, all else grows to them, so that no page is both.
static void round_to_pages(struct boot *boot)
{
    for (size_t i = 0; i < boot->ranges; i++) {
        struct memory_range *range = &boot->range[i];
        physical_t base = range->base & ~(PAGE - 1);
        physical_t end = (end_of(range) + PAGE - 1) & ~(PAGE - 1);
        if (range->kind == MEMORY_RAM) {
            base = (range->base + PAGE - 1) & ~(PAGE - 1);
            end = end_of(range) & ~(PAGE - 1);
        }
        range->base = base;
        range->size = end > base ? end - base : 0;
    }
}

// Whether losing `range` costs less than losing `other`: least of all one that is RESERVED, which
// is given out like what is in no range; never one that is KEPT.
static bool costs_less(const struct memory_range *range, const struct memory_range *other)
{
    if (range->kind == MEMORY_KEPT || other->kind == MEMORY_KEPT) {
        return other->kind == MEMORY_KEPT && range->kind != MEMORY_KEPT;
    }
    if (range->kind != other->kind) {
        return range->kind == MEMORY_RESERVED;
    }
    return range->size < other->size;
}

// Takes the range that costs least out of a sorted list, if that is less than `range` costs.
static bool make_room(struct memory_range *list, size_t *count, const struct memory_range *range)
{
    size_t victim = 0;

    for (size_t i = 1; i < *count; i++) {
        if (costs_less(&list[i], &list[victim])) {
            victim = i;
        }
    }
    if (!costs_less(&list[victim], range)) {
        return false;
    }
    for (size_t i = victim + 1; i < *count; i++) {
        list[i - 1] = list[i];
    }
    (*count)--;
    return true;
}

// False when something was lost. That is never a KEPT range, since what is in no range is given
// out as device memory.
static bool append(struct memory_range *list, size_t *count, struct memory_range range)
{
    if (*count > 0) {
        struct memory_range *last = &list[*count - 1];
        if (last->kind == range.kind && end_of(last) == range.base) {
            last->size += range.size;
            return true;
        }
    }
    bool full = *count == BOOT_RANGES;
    if (full && !make_room(list, count, &range)) {
        return false;
    }
    list[(*count)++] = range;
    return !full;
}

// What is in use already, whatever the firmware says. Page 0 is never given out: link 0 means
// nothing.
static void keep_own(struct boot *boot)
{
    memory_map_add(boot, 0, PAGE, MEMORY_KEPT);
    memory_map_add(boot, boot->kernel_base, boot->kernel_end - boot->kernel_base, MEMORY_KEPT);
    memory_map_add(boot, boot->initrd_base, boot->initrd_size, MEMORY_KEPT);
}

void memory_map_normalise(struct boot *boot)
{
    static struct memory_range result[BOOT_RANGES];
    bool again = boot->memory_total != 0;
    size_t count = 0;

    keep_own(boot);
    round_to_pages(boot);
    sort(boot);
    for (physical_t address = 0; address < ARCH_PHYSICAL_END;) {
        struct cover cover = cover_at(boot, address);
        struct memory_range range = {address, cover.end - address, cover.kind};
        if (cover.any && !append(result, &count, range)) {
            boot->ranges_dropped++;
        }
        if (cover.ram && cover.kind != MEMORY_RESERVED && !again) {
            boot->memory_total += range.size;
        }
        address = cover.end;
    }
    for (size_t i = 0; i < count; i++) {
        boot->range[i] = result[i];
    }
    boot->ranges = count;
}
