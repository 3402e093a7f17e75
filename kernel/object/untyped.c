// SPDX-License-Identifier: MIT
// Untyped: retype, the only way in which kernel objects and Frames come to be.
#include "object/untyped.h"

#include "cap/lookup.h"
#include "lib/memory.h"
#include "object/cnode.h"
#include "object/extended_state.h"
#include "object/object.h"
#include "object/thread.h"
#include "syscall/call.h"

constexpr unsigned RETYPE_MOST = 256;
constexpr unsigned UNTYPED_MIN_BITS = 6;
constexpr unsigned UNTYPED_MAX_BITS = 47;
constexpr unsigned FRAME_MAX_BITS = 40;

void untyped_reset(struct slot *untyped)
{
    untyped->value = 0;
    untyped->zeroed = 0;
}

// What one call wants, with all checks done.
struct retype {
    enum kozo_error error;
    enum kozo_object_type type;
    unsigned size;  // as the caller gave it
    uint64_t bytes; // of one object
    uint64_t count;
    uint64_t start; // offset of the first object
    struct place place;
};

// log2 of the bytes that one object takes; 0 when type and size don't fit together.
static unsigned retype_bits(uint64_t type, uint64_t size)
{
    switch (type) {
    case KOZO_TYPE_CNODE:
        return size >= CNODE_MIN_BITS && size <= CNODE_MAX_BITS ? (unsigned)size + SLOT_BITS : 0;
    case KOZO_TYPE_FRAME:
        return size >= ARCH_PAGE_BITS && size <= FRAME_MAX_BITS ? (unsigned)size : 0;
    case KOZO_TYPE_UNTYPED:
        return size >= UNTYPED_MIN_BITS && size <= UNTYPED_MAX_BITS ? (unsigned)size : 0;
    case KOZO_TYPE_EXTENDED_STATE:
        return size == 0 ? extended_state_bits() : 0;
    default:
        return size == 0 ? object_types[type].bits : 0;
    }
}

static bool retype_makes(uint64_t type, bool device)
{
    if (type == KOZO_TYPE_FRAME || type == KOZO_TYPE_UNTYPED) {
        return true;
    }
    return !device && type < OBJECT_TYPES &&
           (type == KOZO_TYPE_CNODE || object_types[type].bits != 0 ||
            (type == KOZO_TYPE_EXTENDED_STATE && extended_state_bits() != 0));
}

static enum kozo_error retype_destination(struct call *call, struct retype *retype)
{
    retype->place = lookup_empty(call->caller, call->argument[2]);
    if (retype->place.error != KOZO_OK) {
        return retype->place.error;
    }
    uint64_t index = retype->place.index;
    if (retype->count > cnode_slots(retype->place.cnode) - index) {
        return KOZO_BAD_HANDLE;
    }
    for (uint64_t i = 1; i < retype->count; i++) {
        if (retype->place.cnode->slot[index + i].type != KOZO_TYPE_NONE) {
            return KOZO_SLOT_TAKEN;
        }
    }
    return KOZO_OK;
}

static enum kozo_error retype_range(const struct slot *untyped, struct retype *retype)
{
    physical_t first = untyped->base + untyped->value;
    physical_t aligned = (first + retype->bytes - 1) & ~(retype->bytes - 1);
    physical_t end = untyped->base + untyped->size;

    if (aligned < first || aligned > end || retype->count > (end - aligned) / retype->bytes) {
        return KOZO_NO_MEMORY;
    }
    if (retype->type != KOZO_TYPE_FRAME && retype->type != KOZO_TYPE_UNTYPED &&
        aligned + retype->count * retype->bytes > LINK_END) {
        return KOZO_NO_MEMORY;
    }
    retype->start = aligned - untyped->base;
    return KOZO_OK;
}

static struct retype retype_decode(struct call *call)
{
    struct retype retype = {};
    uint64_t type = call->argument[0];
    uint64_t size = call->argument[1];

    if (!retype_makes(type, (call->slot->flags & SLOT_DEVICE) != 0)) {
        retype.error = KOZO_BAD_TYPE;
        return retype;
    }
    unsigned bits = retype_bits(type, size);
    retype.type = (enum kozo_object_type)type;
    retype.size = (unsigned)size;
    retype.bytes = (uint64_t)1 << bits;
    retype.count = call->argument[3];
    if (bits == 0 || retype.count == 0 || retype.count > RETYPE_MOST) {
        retype.error = KOZO_BAD_ARGUMENT;
        return retype;
    }
    retype.error = retype_destination(call, &retype);
    if (retype.error == KOZO_OK) {
        retype.error = retype_range(call->slot, &retype);
    }
    return retype;
}

// Zeroes up to `end`, an offset. False when a preemption point is due.
static bool untyped_zero(struct cpu *cpu, struct slot *untyped, uint64_t end)
{
    while (untyped->zeroed < end) {
        uint64_t length = end - untyped->zeroed;
        if (length > ZERO_STEP) {
            length = ZERO_STEP;
        }
        memory_zero(arch_window(untyped->base + untyped->zeroed), length);
        untyped->zeroed += length;
        cpu->work += ZERO_WORK;
        if (cpu_work_is_due(cpu) && untyped->zeroed < end) {
            return false;
        }
    }
    return true;
}

static bool retype_needs_zero(const struct slot *untyped, const struct retype *retype)
{
    return retype->type != KOZO_TYPE_UNTYPED && (untyped->flags & SLOT_DEVICE) == 0;
}

static void retype_make(struct slot *untyped, const struct retype *retype, uint64_t number)
{
    const struct object_type *type = &object_types[retype->type];
    physical_t address = untyped->base + retype->start + number * retype->bytes;
    struct slot content = {
        .type = (uint8_t)retype->type,
        .flags = untyped->flags & SLOT_DEVICE,
        .rights = type->rights,
    };

    if (type->has_object) {
        struct object *object = arch_window(address);
        object_create(object, retype->type, retype->size);
        object->grave.header.references = 1;
        content.object = link_to(object);
        content.size = retype->type == KOZO_TYPE_CNODE ? retype->bytes / KOZO_SLOT_SIZE - 1 : 0;
    } else {
        content.base = address;
        content.size = retype->bytes;
    }
    slot_insert(&retype->place.cnode->slot[retype->place.index + number], untyped, &content);
}

enum kozo_error untyped_retype_call(struct call *call)
{
    struct slot *untyped = call->slot;
    struct retype retype = retype_decode(call);
    if (retype.error != KOZO_OK) {
        return retype.error;
    }
    uint64_t end = retype.start + retype.count * retype.bytes;
    if (retype_needs_zero(untyped, &retype)) {
        if (untyped->zeroed < untyped->value) {
            untyped->zeroed = untyped->value;
        }
        if (!untyped_zero(call->cpu, untyped, end)) {
            return call_again(call);
        }
    }

    for (uint64_t i = 0; i < retype.count; i++) {
        retype_make(untyped, &retype, i);
    }
    untyped->value = end;
    return KOZO_OK;
}

enum kozo_error untyped_info_call(struct call *call)
{
    const struct slot *untyped = call->slot;

    call->argument[0] = (untyped->rights & KOZO_RIGHT_PHYS) != 0 ? untyped->base : 0;
    call->argument[1] = untyped->size;
    call->argument[2] = untyped->size - untyped->value;
    call->argument[3] = (untyped->flags & SLOT_DEVICE) != 0;
    return KOZO_OK;
}
