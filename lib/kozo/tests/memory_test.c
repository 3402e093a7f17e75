// SPDX-License-Identifier: MIT
// The allocator against a model of Untyped memory that has the kernel's rules: a watermark that
// only rises, until the last child is gone.
#include <kozo/memory.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

constexpr size_t SLOTS = 512;

struct model {
    bool live;
    uint64_t size;
    uint64_t mark;
    uint64_t parent;
    size_t children;
};

static struct model model[SLOTS];
static uint64_t words[SLOTS / 64];
static struct kozo_slots slots;
static struct kozo_memory memory;
static size_t refuse_after;

static bool model_split(uint64_t untyped, unsigned order, uint64_t first, size_t count)
{
    struct model *from = &model[untyped];
    uint64_t size = 1ul << order;
    uint64_t mark = (from->mark + size - 1) & ~(size - 1);
    CHECK(from->live);
    if (refuse_after == 0 || mark + size * count > from->size) {
        return false;
    }
    refuse_after--;
    for (size_t i = 0; i < count; i++) {
        CHECK(!model[first + i].live);
        model[first + i] = (struct model){.live = true, .size = size, .parent = untyped};
    }
    from->mark = mark + size * count;
    from->children += count;
    return true;
}

static void model_drop(uint64_t slot)
{
    CHECK(model[slot].live && model[slot].children == 0);
    struct model *parent = &model[model[slot].parent];
    model[slot].live = false;
    if (--parent->children == 0) {
        parent->mark = 0;
    }
}

static const struct kozo_memory_operations operations = {.split = model_split, .drop = model_drop};

static void start(uint64_t size)
{
    memset(model, 0, sizeof model);
    refuse_after = SIZE_MAX;
    kozo_slots_start(&slots, words, 20, SLOTS);
    kozo_memory_start(&memory, &slots, &operations);
    model[14] = (struct model){.live = true, .size = size};
    (void)kozo_memory_add(&memory, 14, 0, size);
}

TEST("the order of a size is that of the next power of two")
{
    CHECK(kozo_order_of(0) == 0 && kozo_order_of(1) == 0 && kozo_order_of(2) == 1);
    CHECK(kozo_order_of(4096) == 12 && kozo_order_of(4097) == 13);
    CHECK(kozo_order_of(1ul << 40) == 40);
}

TEST("memory is taken in pieces of the size asked for, and the books agree")
{
    start(1 << 20);
    CHECK(memory.total == 1 << 20 && memory.free == 1 << 20);
    struct kozo_taken taken = kozo_memory_take(&memory, 14);
    REQUIRE(taken.slot != 0);
    CHECK(model[taken.slot].size == 1 << 14);
    CHECK(memory.free == (1 << 20) - (1 << 14));
}

TEST("memory that is all given back is whole again and leaves no slot behind")
{
    start(1 << 20);
    size_t before = slots.used;
    struct kozo_taken taken[64];
    size_t count = 0;
    for (; count < 64; count++) {
        taken[count] = kozo_memory_take(&memory, 14);
        REQUIRE(taken[count].slot != 0);
    }
    CHECK(memory.free == 0 && slots.used - memory.halves == before);
    CHECK(kozo_memory_take(&memory, 12).slot == 0);
    for (size_t i = 0; i < count; i++) {
        kozo_memory_give(&memory, taken[i * 37 % 64].piece);
    }
    CHECK(memory.free == 1 << 20 && slots.used == before && memory.halves == 0);
    CHECK(kozo_memory_take(&memory, 20).slot == 14);
}

TEST("memory that is no power of two is cut into pieces without loss")
{
    memset(model, 0, sizeof model);
    refuse_after = SIZE_MAX;
    kozo_slots_start(&slots, words, 20, SLOTS);
    kozo_memory_start(&memory, &slots, &operations);
    model[14] = (struct model){.live = true, .size = 0x7000};
    CHECK(kozo_memory_add(&memory, 14, 0x8000, 0x7000) == 0x7000);
    CHECK(kozo_memory_take(&memory, 14).slot != 0);
    CHECK(kozo_memory_take(&memory, 13).slot != 0);
    CHECK(kozo_memory_take(&memory, 12).slot != 0);
    CHECK(kozo_memory_take(&memory, 12).slot == 0);
}

TEST("memory whose start or end is not aligned is used as far as whole pieces go")
{
    memset(model, 0, sizeof model);
    refuse_after = SIZE_MAX;
    kozo_slots_start(&slots, words, 20, SLOTS);
    kozo_memory_start(&memory, &slots, &operations);
    model[14] = (struct model){.live = true, .size = 0x5000};
    CHECK(kozo_memory_add(&memory, 14, 0x330080, 0x5000) == 0x4000);
    CHECK(kozo_memory_add(&memory, 14, 0x330080, 0x200) == 0);
}

TEST("memory refuses more than there is, and a split that the kernel refuses loses nothing")
{
    start(1 << 16);
    CHECK(kozo_memory_take(&memory, 17).slot == 0);
    CHECK(kozo_memory_take(&memory, 63).slot == 0);
    CHECK(kozo_memory_take(&memory, 200).slot == 0);
    refuse_after = 1;
    CHECK(kozo_memory_take(&memory, 12).slot == 0);
    refuse_after = SIZE_MAX;
    CHECK(memory.free == 1 << 16);
    struct kozo_taken taken = kozo_memory_take(&memory, 12);
    REQUIRE(taken.slot != 0);
    kozo_memory_give(&memory, taken.piece);
    CHECK(kozo_memory_take(&memory, 16).slot == 14);
}

TEST("the largest piece is one that can be taken, and leaves free what is to be kept")
{
    start(1 << 20);
    CHECK(kozo_memory_largest(&memory, 0) == 20);
    CHECK(kozo_memory_largest(&memory, 1) == 19);
    CHECK(kozo_memory_largest(&memory, 3 << 18) == 18);
    CHECK(kozo_memory_largest(&memory, 1 << 20) == 0);
    CHECK(kozo_memory_largest(&memory, 1 << 21) == 0);
    struct kozo_taken taken = kozo_memory_take(&memory, 12);
    REQUIRE(taken.slot != 0);
    CHECK(kozo_memory_largest(&memory, 0) == 19);
    REQUIRE(kozo_memory_take(&memory, 19).slot != 0);
    CHECK(kozo_memory_largest(&memory, 0) == 18);
}

TEST("memory stays consistent over a long random use")
{
    start(1 << 22);
    size_t before = slots.used;
    struct kozo_taken held[40] = {};
    srand(1);
    for (int step = 0; step < 20000; step++) {
        size_t i = (size_t)rand() % 40;
        if (held[i].slot != 0) {
            kozo_memory_give(&memory, held[i].piece);
            held[i].slot = 0;
        } else {
            held[i] = kozo_memory_take(&memory, 12 + (unsigned)rand() % 6);
        }
    }
    for (size_t i = 0; i < 40; i++) {
        if (held[i].slot != 0) {
            kozo_memory_give(&memory, held[i].piece);
        }
    }
    CHECK(memory.free == 1 << 22 && slots.used == before);
}
