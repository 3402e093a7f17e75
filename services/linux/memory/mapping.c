// SPDX-License-Identifier: MIT
// Slots lie in cabinets: CNodes of 4096, made when they are needed and kept. The first block of each cabinet is not used,
// since slot 0 of a CNode is no place for a capability.
#include "mapping.h"

#include "../core/objects.h"
#include "../core/store.h"

constexpr unsigned CABINET_BITS = 12;
constexpr size_t CABINET_BLOCKS = (1u << CABINET_BITS) / BLOCK_SLOTS;
constexpr size_t CABINETS_MOST = 900;

struct cabinet {
    uint64_t handle;
    uint64_t free; // a bit for each block
    struct block *block[CABINET_BLOCKS];
    struct cabinet *next; // among those with free blocks
    uint32_t number;
};
static_assert(CABINET_BLOCKS == 64);

static struct cabinet *cabinets[CABINETS_MOST];
static size_t cabinet_count;
static struct cabinet *with_free;
static size_t blocks_taken;

struct block *block_of(mapping_number number)
{
    return cabinets[number >> CABINET_BITS]->block[number / BLOCK_SLOTS % CABINET_BLOCKS];
}

uint64_t mapping_slot(mapping_number number)
{
    uint64_t slot = number & ((1u << CABINET_BITS) - 1);
    return objects_path(cabinets[number >> CABINET_BITS]->handle, slot);
}

static bool add_cabinet(void)
{
    if (cabinet_count == CABINETS_MOST) {
        return false;
    }
    struct cabinet *cabinet = store_take(sizeof *cabinet);
    if (cabinet == nullptr) {
        return false;
    }
    cabinet->handle = objects_cabinet(CABINET_BITS);
    if (cabinet->handle == 0) {
        store_give(cabinet, sizeof *cabinet);
        return false;
    }
    cabinet->number = (uint32_t)cabinet_count;
    cabinet->free = ~1ul;
    cabinets[cabinet_count++] = cabinet;
    cabinet->next = with_free;
    with_free = cabinet;
    return true;
}

struct block *block_make(bool shared)
{
    if (with_free == nullptr && !add_cabinet()) {
        return nullptr;
    }
    struct block *block = store_take(sizeof *block);
    if (block == nullptr) {
        return nullptr;
    }
    struct cabinet *cabinet = with_free;
    uint32_t number = (uint32_t)__builtin_ctzl(cabinet->free);
    cabinet->free &= cabinet->free - 1;
    if (cabinet->free == 0) {
        with_free = cabinet->next;
    }
    cabinet->block[number] = block;
    block->first = cabinet->number << CABINET_BITS | number * (uint32_t)BLOCK_SLOTS;
    block->shared = shared;
    blocks_taken++;
    return block;
}

size_t blocks_there(void)
{
    return blocks_taken;
}

void block_destroy(struct block *block)
{
    if (block->taken != 0) {
        uint64_t count = BLOCK_SLOTS - (uint64_t)__builtin_clzl(block->taken);
        // Deleting from slots of linuxd's own can't fail.
        (void)kozo_cnode_delete_run((struct kozo_slot){mapping_slot(block->first)}, 0, count);
    }
    struct cabinet *cabinet = cabinets[block->first >> CABINET_BITS];
    if (cabinet->free == 0) {
        cabinet->next = with_free;
        with_free = cabinet;
    }
    cabinet->free |= 1ul << (block->first / BLOCK_SLOTS % CABINET_BLOCKS);
    store_give(block, sizeof *block);
    blocks_taken--;
}
