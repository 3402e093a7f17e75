// SPDX-License-Identifier: MIT
// Untyped: retype.
#include <string.h>

#include "object/untyped.h"
#include "reference.h"

static unsigned retype_bits(uint64_t type, uint64_t size)
{
    switch (type) {
    case KOZO_TYPE_CNODE:
        return size >= 2 && size <= 24 ? (unsigned)size + SLOT_BITS : 0;
    case KOZO_TYPE_FRAME:
        return size >= ARCH_PAGE_BITS && size <= 40 ? (unsigned)size : 0;
    case KOZO_TYPE_UNTYPED:
        return size >= 6 && size <= 47 ? (unsigned)size : 0;
    default:
        return size == 0 ? size_bits(type) : 0;
    }
}

static bool can_be_made(uint64_t type, bool device)
{
    return type == KOZO_TYPE_FRAME || type == KOZO_TYPE_UNTYPED ||
           (!device && (type == KOZO_TYPE_CNODE || size_bits(type) != 0));
}

static void make_one(struct model *model, name_t untyped, name_t slot, uint64_t type, uint64_t size,
                     uint64_t base, uint64_t bytes)
{
    struct model_slot *made = slot_in(model, slot);

    made->type = (uint8_t)type;
    made->device = slot_in(model, untyped)->device;
    made->rights = (uint16_t)fresh_rights(type);
    made->parent = untyped;
    if (has_object(type)) {
        made->object = (name_t)(base / KOZO_SLOT_SIZE);
        memset(object_in(model, made->object), 0, sizeof(struct model_object));
        object_in(model, made->object)->type = (uint8_t)type;
        object_in(model, made->object)->bits = (uint8_t)size;
        object_in(model, made->object)->references = 1;
    } else {
        made->base = base;
        made->size = bytes;
    }
}

enum kozo_error do_retype(struct making *call)
{
    struct model *model = call->model;
    struct model_slot *untyped = slot_in(model, call->slot);
    uint64_t type = call->argument[0];
    uint64_t count = call->argument[3];

    if (!can_be_made(type, untyped->device)) {
        return KOZO_BAD_TYPE;
    }
    unsigned bits = retype_bits(type, call->argument[1]);
    if (bits == 0 || count == 0 || count > 256) {
        return KOZO_BAD_ARGUMENT;
    }
    struct model_place place = find_place(call, call->argument[2]);
    enum kozo_error error = check_empty(call, &place);
    if (error != KOZO_OK) {
        return error;
    }
    if (place.index + count > place.slots) {
        return KOZO_BAD_HANDLE;
    }
    for (uint64_t i = 0; i < count; i++) {
        if (slot_in(model, (name_t)(place.slot + i))->type != KOZO_TYPE_NONE) {
            return KOZO_SLOT_TAKEN;
        }
    }
    uint64_t bytes = UINT64_C(1) << bits;
    uint64_t base = (untyped->base + untyped->value + bytes - 1) / bytes * bytes;
    if (base + count * bytes > untyped->base + untyped->size) {
        return KOZO_NO_MEMORY;
    }

    for (uint64_t i = 0; i < count; i++) {
        make_one(model, call->slot, (name_t)(place.slot + i), type, call->argument[1],
                 base + i * bytes, bytes);
    }
    untyped->value = base + count * bytes - untyped->base;
    return KOZO_OK;
}

enum kozo_error do_untyped_info(struct making *call)
{
    const struct model_slot *untyped = slot_in(call->model, call->slot);

    call->argument[0] = (untyped->rights & KOZO_RIGHT_PHYS) != 0 ? untyped->base : 0;
    call->argument[1] = untyped->size;
    call->argument[2] = untyped->size - untyped->value;
    call->argument[3] = untyped->device;
    return KOZO_OK;
}
