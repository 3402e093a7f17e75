// SPDX-License-Identifier: MIT
#include "objects.h"

#include <kozo/memory.h>
#include <kozo/rights.h>
#include <kozo/slots.h>
#include <kozo/start.h>

constexpr size_t SLOTS = 1u << 13;    // of the CNode for Frames and objects
constexpr unsigned OBJECT_ORDER = 16; // log2 of the pieces that objects are carved from
constexpr unsigned FEED_ORDER = 16;   // log2 of what a Pool is fed with at first
constexpr uint64_t SPARE_PART = 48;   // one part in so many is kept for page tables

struct objects held;

static struct kozo_pool own_pool;
static unsigned own_bits;
static uint64_t own_next, own_end; // slots of linuxd's own CNode
static uint64_t cabinet;           // for Frames and objects
static struct kozo_slots slots;
static uint64_t slot_words[SLOTS / 64];
static struct kozo_memory memory;
static uint64_t object_memory; // what objects are carved from now; 0 for none

// The allocator of memory counts slots; it sees those of the cabinet.
static bool split(uint64_t untyped, unsigned order, uint64_t first, size_t count)
{
    return kozo_untyped_retype((struct kozo_untyped){objects_path(cabinet, untyped)},
                               KOZO_TYPE_UNTYPED, order,
                               (struct kozo_slot){objects_path(cabinet, first)}, count) == KOZO_OK;
}

static void drop(uint64_t slot)
{
    (void)kozo_cnode_delete((struct kozo_slot){objects_path(cabinet, slot)});
}

static const struct kozo_memory_operations memory_operations = {.split = split, .drop = drop};

uint64_t objects_path(uint64_t in, uint64_t slot)
{
    return in | slot << own_bits;
}

static uint64_t own_slot(void)
{
    return own_next < own_end ? own_next++ : 0;
}

uint64_t objects_slot(void)
{
    uint64_t slot = kozo_slots_take(&slots, 1);
    return slot == 0 ? 0 : objects_path(cabinet, slot);
}

void objects_slot_give(uint64_t slot)
{
    kozo_slots_give(&slots, slot >> own_bits, 1);
}

uint64_t objects_slots_taken(void)
{
    return slots.used;
}

uint64_t objects_tables(void)
{
    return kozo_pool_info(held.pool).used;
}

uint64_t objects_memory(unsigned order, bool spare)
{
    if (!spare && memory.free < (1ul << order) + memory.total / SPARE_PART) {
        return 0;
    }
    struct kozo_taken taken = kozo_memory_take(&memory, order);
    return taken.slot == 0 ? 0 : objects_path(cabinet, taken.slot);
}

uint64_t objects_memory_free(void)
{
    return memory.free;
}

static bool carve(enum kozo_object_type type, uint64_t size, uint64_t slot)
{
    for (int attempt = 0; attempt < 2; attempt++) {
        if (object_memory != 0 &&
            kozo_untyped_retype((struct kozo_untyped){object_memory}, type, size,
                                (struct kozo_slot){slot}, 1) == KOZO_OK) {
            return true;
        }
        object_memory = objects_memory(OBJECT_ORDER, true);
    }
    return false;
}

static uint64_t make(enum kozo_object_type type, uint64_t size)
{
    uint64_t slot = objects_slot();
    if (slot != 0 && !carve(type, size, slot)) {
        objects_slot_give(slot);
        return 0;
    }
    return slot;
}

uint64_t objects_make(enum kozo_object_type type)
{
    return make(type, 0);
}

uint64_t objects_make_near(enum kozo_object_type type)
{
    constexpr uint64_t kept = 256; // slots for CNodes of Mappings
    if (own_end - own_next <= kept) {
        return objects_make(type);
    }
    uint64_t slot = own_slot();
    return carve(type, 0, slot) ? slot : 0;
}

uint64_t objects_nest(unsigned order)
{
    return make(KOZO_TYPE_UNTYPED, order);
}

uint64_t objects_cabinet(unsigned bits)
{
    uint64_t untyped = objects_memory(bits + 6, true);
    if (untyped == 0) {
        return 0;
    }
    uint64_t slot = own_slot();
    if (slot == 0 || kozo_untyped_retype((struct kozo_untyped){untyped}, KOZO_TYPE_CNODE, bits,
                                         (struct kozo_slot){slot}, 1) != KOZO_OK) {
        return 0;
    }
    return slot;
}

// A Pool has few places for what it was given, so each gift is twice as large as the one before, as long as that is to be had.
bool objects_feed(struct kozo_pool pool)
{
    static unsigned orders[2] = {FEED_ORDER, FEED_ORDER};
    unsigned *order = &orders[pool.handle == own_pool.handle];
    uint64_t untyped = 0;
    for (unsigned tried = *order; untyped == 0 && tried >= FEED_ORDER; tried--) {
        untyped = objects_memory(tried, true);
    }
    if (untyped == 0 || kozo_pool_donate(pool, (struct kozo_untyped){untyped}) != KOZO_OK) {
        return false;
    }
    (*order)++;
    return true;
}

bool objects_map(struct kozo_frame frame, uint64_t slot, uint64_t address, uint64_t offset,
                 uint64_t length)
{
    for (int attempt = 0; attempt < 3; attempt++) {
        enum kozo_error error = kozo_frame_map(frame, (struct kozo_slot){slot}, held.space, address,
                                               offset, length, KOZO_RIGHT_READ | KOZO_RIGHT_WRITE);
        if (error == KOZO_OK) {
            return true;
        }
        if (error != KOZO_NO_MEMORY || !objects_feed(own_pool)) {
            return false;
        }
    }
    return false;
}

// The CNode of Frames and objects is the first thing that is carved from the memory; the rest of it is then cut up.
static bool start_memory(uint64_t untyped)
{
    struct kozo_untyped all = {untyped};
    struct kozo_untyped_info_result info = kozo_untyped_info(all);
    cabinet = own_slot();
    constexpr unsigned bits = 13;
    static_assert(1u << bits == SLOTS);
    if (info.error != KOZO_OK || kozo_untyped_retype(all, KOZO_TYPE_CNODE, bits,
                                                     (struct kozo_slot){cabinet}, 1) != KOZO_OK) {
        return false;
    }
    kozo_slots_start(&slots, slot_words, 1, SLOTS);
    kozo_memory_start(&memory, &slots, &memory_operations);
    // The free part is what lies above the CNode: halves of falling size fill it exactly.
    uint64_t left = info.size - (SLOTS << 6);
    while (left >= 1ul << KOZO_MEMORY_LEAST) {
        unsigned order = 63u - (unsigned)__builtin_clzl(left);
        uint64_t aligned = (info.size - left) & -(info.size - left);
        while (1ul << order > aligned) {
            order--;
        }
        uint64_t slot = kozo_slots_take(&slots, 1);
        if (slot == 0 ||
            kozo_untyped_retype(all, KOZO_TYPE_UNTYPED, order,
                                (struct kozo_slot){objects_path(cabinet, slot)}, 1) != KOZO_OK) {
            break;
        }
        (void)kozo_memory_add(&memory, slot, 0, 1ul << order);
        left -= 1ul << order;
    }
    return memory.total > 0;
}

static bool start_inbox(void)
{
    uint64_t granted = kozo_granted("signal");
    held.bell.handle = granted != 0 ? granted : objects_make(KOZO_TYPE_NOTIFICATION);
    held.inbox.handle = objects_make_near(KOZO_TYPE_ENDPOINT);
    held.timer.handle = objects_make(KOZO_TYPE_TIMER);
    held.pool.handle = objects_make(KOZO_TYPE_POOL);
    uint64_t ring = objects_slot();
    return held.bell.handle != 0 && held.inbox.handle != 0 && held.timer.handle != 0 &&
           held.pool.handle != 0 && ring != 0 &&
           kozo_cnode_mint((struct kozo_slot){held.bell.handle}, (struct kozo_slot){ring},
                           KOZO_RIGHT_WRITE, BELL_TIMER) == KOZO_OK &&
           kozo_timer_bind(held.timer, (struct kozo_notification){ring}) == KOZO_OK &&
           // One that comes with sessions is bound already.
           (granted != 0 || kozo_thread_bind_notification(held.thread, held.bell) == KOZO_OK);
}

const char *objects_start(void)
{
    const struct kozo_process_info *info = kozo_process_info();
    own_bits = (unsigned)info->cnode_bits;
    own_next = info->free_slot;
    own_end = 1ul << own_bits;
    held.space.handle = kozo_granted("self.space");
    held.thread.handle = kozo_granted("self.thread");
    held.time.handle = kozo_granted("time");
    own_pool.handle = kozo_granted("self.pool");
    if (held.space.handle == 0 || held.thread.handle == 0 || own_pool.handle == 0 ||
        held.time.handle == 0 || kozo_granted("memory") == 0) {
        return "lacks a capability of its description";
    }
    if (!start_memory(kozo_granted("memory"))) {
        return "can't cut up its memory";
    }
    return start_inbox() ? nullptr : "can't make its kernel objects";
}
