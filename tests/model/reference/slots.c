// SPDX-License-Identifier: MIT
// Facts about types, the way from a handle to a slot, and the derivation tree: a slot names its
// parent, and whoever wants a slot's children looks at all slots.
#include <string.h>

#include "object/cnode.h"
#include "reference.h"

// --- Facts ----------------------------------------------------------------------------------------

bool has_object(uint64_t type)
{
    return type != KOZO_TYPE_NONE && type != KOZO_TYPE_UNTYPED && type != KOZO_TYPE_FRAME &&
           type != KOZO_TYPE_MAPPING;
}

bool can_be_copied(unsigned type)
{
    return type != KOZO_TYPE_UNTYPED && type != KOZO_TYPE_MAPPING && type != KOZO_TYPE_REPLY;
}

// log2 of the bytes of an object of a type; 0 for those of many sizes.
unsigned size_bits(uint64_t type)
{
    switch (type) {
    case KOZO_TYPE_ENDPOINT:
    case KOZO_TYPE_NOTIFICATION:
    case KOZO_TYPE_REPLY:
    case KOZO_TYPE_LEASE:
    case KOZO_TYPE_ADDRESS_SPACE:
        return 7;
    case KOZO_TYPE_THREAD:
    case KOZO_TYPE_POOL:
        return 10;
    case KOZO_TYPE_IRQ_HANDLER:
    case KOZO_TYPE_TIMER:
    case KOZO_TYPE_SCHED_CONTEXT:
        return 8;
    default:
        return 0;
    }
}

unsigned fresh_rights(uint64_t type)
{
    switch (type) {
    case KOZO_TYPE_UNTYPED:
    case KOZO_TYPE_FRAME:
        return MEMORY | KOZO_RIGHT_PHYS;
    case KOZO_TYPE_CNODE:
    case KOZO_TYPE_NOTIFICATION:
        return READ | WRITE;
    case KOZO_TYPE_ENDPOINT:
        return READ | WRITE | KOZO_RIGHT_GRANT;
    default:
        return READ | CONTROL;
    }
}

// --- From a handle to a slot ----------------------------------------------------------------------

struct model_place find_place(const struct making *call, uint64_t handle)
{
    name_t at = call->caller + PART_CSPACE;

    while (slot_in(call->model, at)->type == KOZO_TYPE_CNODE) {
        const struct model_slot *way = slot_in(call->model, at);
        unsigned bits = object_in(call->model, way->object)->bits;
        uint64_t index = handle % (1u << bits);
        handle >>= bits;
        at = (name_t)(way->object + index);
        if (index == 0) {
            break;
        }
        if (handle == 0) {
            return (struct model_place){true, at, way->object, way->rights, index, 1u << bits};
        }
    }
    return (struct model_place){};
}

name_t find(const struct making *call, uint64_t handle)
{
    struct model_place place = find_place(call, handle);

    return place.exists && slot_in(call->model, place.slot)->type != KOZO_TYPE_NONE ? place.slot
                                                                                    : 0;
}

enum kozo_error check_empty(const struct making *call, const struct model_place *place)
{
    if (!place->exists) {
        return KOZO_BAD_HANDLE;
    }
    if ((place->rights & WRITE) == 0) {
        return KOZO_NO_RIGHT;
    }
    return slot_in(call->model, place->slot)->type == KOZO_TYPE_NONE ? KOZO_OK : KOZO_SLOT_TAKEN;
}

enum kozo_error find_typed(const struct making *call, uint64_t handle, unsigned type,
                           unsigned rights, name_t *slot)
{
    *slot = find(call, handle);
    if (*slot == 0) {
        return KOZO_BAD_HANDLE;
    }
    if (slot_in(call->model, *slot)->type != type) {
        return KOZO_BAD_TYPE;
    }
    return (slot_in(call->model, *slot)->rights & rights) == rights ? KOZO_OK : KOZO_NO_RIGHT;
}

// --- The tree -------------------------------------------------------------------------------------

name_t find_child(struct model *model, name_t parent)
{
    for (name_t i = 1; i < UNITS; i++) {
        if (model->slot[i].type != KOZO_TYPE_NONE && model->slot[i].parent == parent) {
            return i;
        }
    }
    return 0;
}

static void give_children(struct model *model, name_t from, name_t to)
{
    for (name_t child = find_child(model, from); child != 0; child = find_child(model, from)) {
        slot_in(model, child)->parent = to;
    }
}

void empty_slot(struct model *model, name_t slot)
{
    name_t parent = slot_in(model, slot)->parent;

    give_children(model, slot, parent);
    memset(slot_in(model, slot), 0, sizeof(struct model_slot));
    if (parent != 0 && slot_in(model, parent)->type == KOZO_TYPE_UNTYPED &&
        find_child(model, parent) == 0) {
        slot_in(model, parent)->value = 0;
    }
}

void move_slot(struct model *model, name_t from, name_t to, enum model_where where)
{
    *slot_in(model, to) = *slot_in(model, from);
    slot_in(model, to)->where = where;
    give_children(model, from, to);
    memset(slot_in(model, from), 0, sizeof(struct model_slot));
}

void copy_slot(struct model *model, name_t from, name_t to, enum model_where where)
{
    *slot_in(model, to) = *slot_in(model, from);
    slot_in(model, to)->where = where;
    slot_in(model, to)->parent = from;
    if (has_object(slot_in(model, from)->type)) {
        object_in(model, slot_in(model, from)->object)->references++;
    }
}
