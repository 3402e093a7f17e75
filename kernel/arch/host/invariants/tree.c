// SPDX-License-Identifier: MIT
// Slots and the tree: what hangs below what, and that rights never grow.
#include "found.h"
#include "object/mapping.h"
#include "rules.h"

bool names_same(const struct slot *slot, const struct slot *parent)
{
    if (slot->type != parent->type) {
        return false;
    }
    return object_types[slot->type].has_object ? slot->object == parent->object
                                               : slot->type != KOZO_TYPE_UNTYPED;
}

uint64_t object_size(const struct object *object)
{
    const struct object_header *header = &object->grave.header;

    switch (header->type) {
    case KOZO_TYPE_CNODE:
        return (uint64_t)KOZO_SLOT_SIZE << header->bits;
    case KOZO_TYPE_EXTENDED_STATE:
        return (uint64_t)1 << header->bits;
    default:
        return (uint64_t)1 << object_types[header->type].bits;
    }
}

static bool lies_in(const struct slot *slot, uint64_t base, uint64_t size)
{
    return slot->base >= base && slot->size <= size && slot->base - base <= size - slot->size;
}

static bool check_copy(const struct slot *slot, const struct slot *parent)
{
    RULE((slot->rights & ~parent->rights) == 0, "S3: a copy has no more rights than its parent",
         slot);
    RULE((parent->flags & SLOT_WATCHED) == 0 || (slot->flags & SLOT_WATCHED) != 0,
         "S6: a copy of a watched capability is watched", slot);
    switch (slot->type) {
    case KOZO_TYPE_FRAME:
        RULE(lies_in(slot, parent->base, parent->size), "a copy of a Frame lies inside it", slot);
        RULE((slot->flags & SLOT_DEVICE) == (parent->flags & SLOT_DEVICE),
             "a copy of a Frame is as much a device", slot);
        break;
    case KOZO_TYPE_IO_PORT:
        RULE(slot->value >= parent->value && slot->size <= parent->size &&
                 slot->value - parent->value <= parent->size - slot->size,
             "a copy of an IoPort lies inside it", slot);
        break;
    case KOZO_TYPE_ENDPOINT:
    case KOZO_TYPE_NOTIFICATION:
        RULE(parent->value == 0 || (slot->flags & SLOT_PLACE) == SLOT_IN_THREAD ||
                 slot->value == parent->value,
             "a badge stays", slot);
        break;
    default:
        break;
    }
    return true;
}

static bool check_carved(const struct slot *slot, const struct slot *untyped)
{
    physical_t base = slot->base;
    uint64_t size = slot->size;

    if (object_types[slot->type].has_object) {
        base = arch_physical(slot_object(slot));
        size = object_size(slot_object(slot));
    }
    const struct slot range = {.base = base, .size = size};
    RULE(lies_in(&range, untyped->base, untyped->value),
         "U2: children of an Untyped lie below its watermark", slot);
    return true;
}

// Where a slot would hang if no revoke were in progress.
static const struct slot *parent_beyond_revocations(const struct slot *parent)
{
    while (parent->type == SLOT_REVOCATION) {
        const struct slot *first = parent;
        while (first->up == 0) {
            first = slot_at(first->previous);
        }
        parent = slot_at(first->up);
    }
    return parent;
}

static bool check_parent(const struct slot *slot, const struct slot *parent)
{
    parent = parent_beyond_revocations(parent);
    if (slot->type == SLOT_REVOCATION || parent == slot_at(link_to(&kernel.root))) {
        return true;
    }
    RULE(parent->type != KOZO_TYPE_NONE, "S1: the parent is not empty", slot);
    if (names_same(slot, parent)) {
        return check_copy(slot, parent);
    }
    if (slot->type == KOZO_TYPE_MAPPING && parent->type == KOZO_TYPE_FRAME) {
        RULE((slot->rights & ~parent->rights) == 0, "a Mapping has no right beyond its Frame",
             slot);
        RULE(lies_in(slot, parent->base, parent->size), "a Mapping lies inside its Frame", slot);
        return true;
    }
    RULE(parent->type == KOZO_TYPE_UNTYPED && (parent->flags & SLOT_PLACE) == 0,
         "S1: a capability is derived from its like, from a Frame or from an Untyped", slot);
    return check_carved(slot, parent);
}

static bool note_object(const struct slot *slot)
{
    if (!object_types[slot->type].has_object) {
        return true;
    }
    RULE(in_ram(slot->object), "a capability names an object in RAM", slot);
    struct object *object = slot_object(slot);
    RULE(object->grave.header.type == slot->type, "a capability names an object of its type", slot);
    if (found.capabilities[slot->object]++ == 0) {
        found.object[found.objects++] = slot->object;
    }
    return true;
}

static bool note_slot(const struct slot *slot, const struct slot *parent)
{
    RULE(slot->type != KOZO_TYPE_NONE && slot->type < OBJECT_TYPES &&
             object_types[slot->type].name != nullptr,
         "S1: a slot in the tree is not empty", slot);
    unsigned unit = slot_unit(link_to(slot));
    RULE(unit < SLOT_UNITS, "a slot is in RAM or in a ring of the log", slot);
    RULE(!found.seen[unit], "S1: a slot is in one ring", slot);
    found.seen[unit] = true;
    found.slot[found.slots++] = link_to(slot);
    return note_object(slot) && check_parent(slot, parent);
}

static bool walk_ring(const struct slot *parent, unsigned *depth)
{
    const struct slot *slot = slot_at(parent->child);

    RULE(slot->up == (link_t)(arch_physical(parent) / KOZO_SLOT_SIZE),
         "S2: the first of a ring knows its parent", slot);
    do {
        if (!note_slot(slot, parent)) {
            return false;
        }
        RULE(slot_unit(slot->next) < SLOT_UNITS && slot_at(slot->next)->previous == link_to(slot),
             "S1: next and previous agree", slot);
        RULE((slot->up != 0) == (link_to(slot) == parent->child),
             "S2: only the first of a ring knows its parent", slot);
        if (slot->child != 0) {
            found.stack[(*depth)++] = link_to(slot);
        }
        slot = slot_at(slot->next);
    } while (link_to(slot) != parent->child);
    return true;
}

bool walk_tree(void)
{
    unsigned depth = 0;

    RULE(kernel.root.type == KOZO_TYPE_NONE && kernel.root.next == 0 && kernel.root.up == 0,
         "the root is in no ring", &kernel.root);
    if (kernel.root.child != 0) {
        found.stack[depth++] = link_to(&kernel.root);
    }
    while (depth > 0) {
        if (!walk_ring(slot_at(found.stack[--depth]), &depth)) {
            return false;
        }
    }
    return true;
}
