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

// So many at a time that there need be no preemption point: making one of those that are more than
// zeroed memory takes longer.
constexpr unsigned RETYPE_MOST = 256;
constexpr unsigned RETYPE_MOST_CREATED = 64;
constexpr unsigned UNTYPED_MIN_BITS = 6;
constexpr unsigned UNTYPED_MAX_BITS = 47;
constexpr unsigned FRAME_MAX_BITS = 40;

void untyped_reset(struct slot *untyped)
{
    untyped->value = 0;
    untyped->zeroed = 0;
}

struct lookup untyped_unused(struct thread *thread, uint64_t handle)
{
    struct place from = lookup_place(thread, handle);
    if (from.error != KOZO_OK || place_slot(&from)->type == KOZO_TYPE_NONE) {
        return (struct lookup){.error = KOZO_BAD_HANDLE};
    }
    if ((from.rights & KOZO_RIGHT_WRITE) == 0) {
        return (struct lookup){.error = KOZO_NO_RIGHT};
    }
    struct slot *untyped = place_slot(&from);
    if (untyped->type != KOZO_TYPE_UNTYPED || (untyped->flags & SLOT_DEVICE) != 0) {
        return (struct lookup){.error = KOZO_BAD_TYPE};
    }
    if (untyped->child != 0 || untyped->value != 0) {
        return (struct lookup){.error = KOZO_BAD_STATE};
    }
    return (struct lookup){.error = KOZO_OK, .slot = untyped};
}

// What one call wants, with all checks done.
struct retype {
    enum kozo_object_type type;
    unsigned size;  // as the caller gave it
    uint64_t bytes; // of one object
    uint64_t count;
    uint64_t start;     // offset of the first object
    struct slot *first; // the first slot to fill
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

static enum kozo_error retype_destination(const struct call *call, struct retype *retype)
{
    struct place place = lookup_empty(call->caller, call->argument[2]);
    if (place.error != KOZO_OK) {
        return place.error;
    }
    if (retype->count > cnode_slots(place.cnode) - place.index) {
        return KOZO_BAD_HANDLE;
    }
    retype->first = place_slot(&place);
    unsigned taken = 0;
    for (uint64_t i = 1; i < retype->count; i++) {
        taken |= retype->first[i].type;
    }
    return taken == KOZO_TYPE_NONE ? KOZO_OK : KOZO_SLOT_TAKEN;
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

static enum kozo_error retype_decode(const struct call *call, struct retype *retype)
{
    uint64_t type = call->argument[0];
    uint64_t size = call->argument[1];
    uint64_t count = call->argument[3];

    if (!retype_makes(type, (call->slot->flags & SLOT_DEVICE) != 0)) {
        return KOZO_BAD_TYPE;
    }
    unsigned bits = retype_bits(type, size);
    uint64_t most = object_types[type].create == nullptr ? RETYPE_MOST : RETYPE_MOST_CREATED;
    if (bits == 0 || count == 0 || count > most) {
        return KOZO_BAD_ARGUMENT;
    }
    retype->type = (enum kozo_object_type)type;
    retype->size = (unsigned)size;
    retype->bytes = (uint64_t)1 << bits;
    retype->count = count;
    enum kozo_error error = retype_destination(call, retype);
    return error == KOZO_OK ? retype_range(call->slot, retype) : error;
}

// Zeroes up to `end`, an offset, where `count` objects are made then. False when a preemption point is due.
static bool untyped_zero(struct cpu *cpu, struct slot *untyped, uint64_t end, uint64_t count)
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
    // A large number of objects is made in a stretch of its own.
    return cpu->work == 0 || cpu->work + count < ARCH_WORK_LIMIT;
}

static bool retype_needs_zero(const struct slot *untyped, const struct retype *retype)
{
    return retype->type != KOZO_TYPE_UNTYPED && (untyped->flags & SLOT_DEVICE) == 0;
}

// One object after the other, in zeroed memory, with one capability to each. Nothing is worked out
// twice here, since this may go around 256 times without a preemption point.
static void make_objects(struct slot *untyped, const struct object_type *type,
                         const struct retype *retype, physical_t start)
{
    const struct object_header header = {
        .references = 1, .type = (uint8_t)retype->type, .bits = (uint8_t)retype->size};
    const struct slot content = {.type = (uint8_t)retype->type,
                                 .rights = type->rights,
                                 .object = (link_t)(start >> LINK_UNIT_BITS)};
    const struct slot step = {.object = (link_t)(retype->bytes >> LINK_UNIT_BITS)};
    const uint64_t bytes = retype->bytes;
    const uint64_t last = retype->type == KOZO_TYPE_CNODE ? bytes / KOZO_SLOT_SIZE - 1 : 0;
    struct slot *end = retype->first + retype->count;
    unsigned char *object = arch_window(start);
    uint64_t head = content.head;
    link_t self = link_of(retype->first);

    for (struct slot *slot = retype->first; slot != end; slot++) {
        ((struct object *)object)->grave.header.identity = header.identity;
        object += bytes;
        slot->head = head;
        head += step.head;
        slot->next = ++self;
        slot->previous = self - 2;
        slot->size = last;
    }
    for (struct slot *slot = retype->first; type->create != nullptr && slot != end; slot++) {
        type->create(slot_object(slot));
    }
    slot_join(retype->first, end - 1, untyped);
}

// The same for Frames and Untypeds, which are nothing but their slots.
static void make_ranges(struct slot *untyped, const struct object_type *type,
                        const struct retype *retype, physical_t start)
{
    const struct slot content = {.type = (uint8_t)retype->type,
                                 .flags = untyped->flags & SLOT_DEVICE,
                                 .rights = type->rights};
    struct slot *end = retype->first + retype->count;
    link_t self = link_of(retype->first);

    for (struct slot *slot = retype->first; slot != end; slot++) {
        slot->head = content.head;
        slot->next = ++self;
        slot->previous = self - 2;
        slot->base = start;
        slot->size = retype->bytes;
        start += retype->bytes;
    }
    slot_join(retype->first, end - 1, untyped);
}

// Makes one object of a type that has one size, which is what most calls want. False, with nothing done, when something
// else is wanted, when it can't be done, or when there is much to zero.
static bool retype_one(struct call *call)
{
    struct slot *untyped = call->slot;
    const uint64_t *argument = call->argument;
    if (argument[0] >= OBJECT_TYPES || argument[1] != 0 || argument[3] != 1 ||
        (untyped->flags & SLOT_DEVICE) != 0) {
        return false;
    }
    const struct object_type *type = &object_types[argument[0]];
    struct slot *slot = lookup_free(call->caller, argument[2]).slot;
    uint64_t bytes = (uint64_t)1 << type->bits;
    physical_t start = (untyped->base + untyped->value + bytes - 1) & -bytes;
    uint64_t end = start + bytes - untyped->base;
    uint64_t zeroed = untyped->zeroed > untyped->value ? untyped->zeroed : untyped->value;
    if (type->bits == 0 || slot == nullptr || end > untyped->size || start >= LINK_END - bytes ||
        end > zeroed + ZERO_STEP) {
        return false;
    }

    if (end > zeroed) {
        memory_zero(arch_window(untyped->base + zeroed), end - zeroed);
        untyped->zeroed = end;
    }
    struct object *object = arch_window(start);
    const struct slot content = {.type = (uint8_t)argument[0],
                                 .rights = type->rights,
                                 .object = (link_t)(start >> LINK_UNIT_BITS)};
    const struct object_header header = {.references = 1, .type = (uint8_t)argument[0]};
    object->grave.header.identity = header.identity;
    slot->head = content.head;
    if (type->create != nullptr) {
        type->create(object);
    }
    slot_join(slot, slot, untyped);
    untyped->value = end;
    return true;
}

enum kozo_error untyped_retype_call(struct call *call)
{
    struct slot *untyped = call->slot;
    struct retype retype;
    if (retype_one(call)) {
        return KOZO_OK;
    }
    enum kozo_error error = retype_decode(call, &retype);
    if (error != KOZO_OK) {
        return error;
    }
    uint64_t end = retype.start + retype.count * retype.bytes;
    if (retype_needs_zero(untyped, &retype)) {
        if (untyped->zeroed < untyped->value) {
            untyped->zeroed = untyped->value;
        }
        if (!untyped_zero(call->cpu, untyped, end, retype.count)) {
            return call_again(call);
        }
    }

    const struct object_type *type = &object_types[retype.type];
    physical_t start = untyped->base + retype.start;
    if (type->has_object) {
        make_objects(untyped, type, &retype, start);
    } else {
        make_ranges(untyped, type, &retype, start);
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
