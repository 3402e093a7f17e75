// SPDX-License-Identifier: MIT
// Memory that is mapped: Frame, Mapping, Pool, AddressSpace.
#include <string.h>

#include "reference.h"

// What is readable is implied by every other right.
static uint64_t with_read(uint64_t rights)
{
    return rights == 0 ? 0 : rights | READ;
}

enum kozo_error do_map(struct making *call)
{
    struct model *model = call->model;
    const struct model_slot *frame = slot_in(model, call->slot);
    const uint64_t *argument = call->argument;
    uint64_t address = argument[2];
    uint64_t offset = argument[3];
    uint64_t length = argument[4];
    uint64_t rights = with_read(argument[5]);
    name_t space;

    enum kozo_error error = find_typed(call, argument[1], KOZO_TYPE_ADDRESS_SPACE, CONTROL, &space);
    if (error != KOZO_OK) {
        return error;
    }
    space = slot_in(model, space)->object;
    if ((address | offset | length) % PAGE != 0 || length == 0 || offset + length > frame->size ||
        address + length > ARCH_USER_END || (rights & ~(uint64_t)MEMORY) != 0 ||
        (rights & (WRITE | KOZO_RIGHT_EXECUTE)) == (WRITE | KOZO_RIGHT_EXECUTE)) {
        return KOZO_BAD_ARGUMENT;
    }
    if ((rights & ~(uint64_t)frame->rights) != 0) {
        return KOZO_NO_RIGHT;
    }
    if (map_of(model, space) == nullptr) {
        return KOZO_BAD_STATE;
    }
    struct model_place place = find_place(call, argument[0]);
    error = check_empty(call, &place);
    if (error != KOZO_OK) {
        return error;
    }
    struct model_slot *mapping = slot_in(model, place.slot);
    mapping->type = KOZO_TYPE_MAPPING;
    mapping->device = frame->device;
    mapping->rights = (uint16_t)rights;
    mapping->parent = call->slot;
    mapping->object = space;
    mapping->value = address;
    mapping->base = frame->base + offset;
    mapping->size = length;
    if (rights != 0 && !has_tables(model, mapping, 0, length / PAGE, true)) {
        memset(mapping, 0, sizeof(*mapping));
        return KOZO_NO_MEMORY;
    }
    if (rights != 0) {
        show(model, place.slot, 0, length / PAGE, (unsigned)rights);
    }
    return KOZO_OK;
}

enum kozo_error do_frame_address(struct making *call)
{
    call->argument[0] = slot_in(call->model, call->slot)->base;
    call->argument[1] = slot_in(call->model, call->slot)->size;
    return KOZO_OK;
}

enum kozo_error do_mapping_set(struct making *call)
{
    const struct model_slot *mapping = slot_in(call->model, call->slot);
    const struct model_map *map = map_of(call->model, mapping->object);
    uint64_t offset = call->argument[0];
    uint64_t length = call->argument[1];
    uint64_t rights = with_read(call->argument[2]);

    if ((offset | length) % PAGE != 0 || length == 0 || offset + length > mapping->size) {
        return KOZO_BAD_ARGUMENT;
    }
    if ((rights & ~(uint64_t)mapping->rights) != 0) {
        return KOZO_NO_RIGHT;
    }
    if (map == nullptr) {
        return KOZO_BAD_STATE;
    }
    if (!has_tables(call->model, mapping, offset, length / PAGE, rights != 0)) {
        return KOZO_NO_MEMORY;
    }
    if (rights == 0) {
        limit(call->model, call->slot, offset, length / PAGE, 0, true);
        return KOZO_OK;
    }
    show(call->model, call->slot, offset, length / PAGE, (unsigned)rights);
    return KOZO_OK;
}

enum kozo_error do_mapping_info(struct making *call)
{
    const struct model_slot *mapping = slot_in(call->model, call->slot);

    call->argument[0] = mapping->value;
    call->argument[1] = mapping->size;
    call->argument[2] = mapping->rights;
    return KOZO_OK;
}

enum kozo_error do_mapping_lower(struct making *call)
{
    struct model_slot *mapping = slot_in(call->model, call->slot);
    unsigned rights = mapping->rights & (unsigned)with_read(call->argument[0]);

    if ((call->argument[0] & ~(uint64_t)MEMORY) != 0) {
        return KOZO_BAD_ARGUMENT;
    }
    if (map_of(call->model, mapping->object) == nullptr) {
        return KOZO_BAD_STATE;
    }

    limit(call->model, call->slot, 0, mapping->size / PAGE, rights, false);
    mapping->rights = (uint16_t)rights;
    return KOZO_OK;
}

// Clones one Mapping, or goes on with it.
static enum kozo_error clone_one(struct making *call, name_t source, name_t copy)
{
    struct model *model = call->model;
    const struct model_slot *from = slot_in(model, source);
    struct model_slot *to = slot_in(model, copy);
    bool is_same = to->type == KOZO_TYPE_MAPPING && to->object == call->object &&
                   to->value == from->value && to->base == from->base && to->size == from->size &&
                   to->rights == from->rights;

    if (from->type == KOZO_TYPE_NONE) {
        return KOZO_OK;
    }
    if (from->type != KOZO_TYPE_MAPPING) {
        return KOZO_BAD_TYPE;
    }
    if (to->type != KOZO_TYPE_NONE && !is_same) {
        return KOZO_SLOT_TAKEN;
    }
    if (to->type == KOZO_TYPE_NONE) {
        memcpy(to, from, sizeof(*to));
        to->object = call->object;
    }
    return clone(model, source, copy, &call->argument[1], (unsigned)with_read(call->argument[5]))
               ? KOZO_OK
               : KOZO_NO_MEMORY;
}

enum kozo_error do_clone(struct making *call)
{
    uint64_t *done = &call->argument[0];
    uint64_t count = call->argument[4];
    struct model_place source = find_place(call, call->argument[2]);
    struct model_place destination = find_place(call, call->argument[3]);

    if (!source.exists || !destination.exists || count > source.slots - source.index ||
        count > destination.slots - destination.index) {
        return KOZO_BAD_HANDLE;
    }
    if ((destination.rights & WRITE) == 0) {
        return KOZO_NO_RIGHT;
    }
    if (*done >= count || call->argument[1] % PAGE != 0 ||
        (call->argument[5] & ~(uint64_t)MEMORY) != 0) {
        return KOZO_BAD_ARGUMENT;
    }
    if (map_of(call->model, call->object) == nullptr) {
        return KOZO_BAD_STATE;
    }

    while (*done < count) {
        enum kozo_error error =
            clone_one(call, (name_t)(source.slot + *done), (name_t)(destination.slot + *done));
        if (error != KOZO_OK) {
            return error;
        }
        ++*done;
        call->argument[1] = 0;
    }
    return KOZO_OK;
}

enum kozo_error do_trim(struct making *call)
{
    name_t space;

    enum kozo_error error =
        find_typed(call, call->argument[0], KOZO_TYPE_ADDRESS_SPACE, CONTROL, &space);
    if (error != KOZO_OK) {
        return error;
    }
    space = slot_in(call->model, space)->object;
    if (object_in(call->model, space)->space.pool != call->object) {
        return KOZO_BAD_STATE;
    }

    trim(call->model, space, call->argument[1] / PAGE);
    // The kernel counts in the argument.
    if (call->argument[1] < ARCH_USER_END) {
        call->argument[1] = TABLE_PAGES * TABLE_PAGES * PAGE;
    }
    return KOZO_OK;
}

enum kozo_error do_donate(struct making *call)
{
    struct model *model = call->model;
    name_t untyped = find(call, call->argument[0]);
    name_t place = call->object + PART_DONORS;

    if (untyped == 0) {
        return KOZO_BAD_HANDLE;
    }
    if ((find_place(call, call->argument[0]).rights & WRITE) == 0) {
        return KOZO_NO_RIGHT;
    }
    if (slot_in(model, untyped)->type != KOZO_TYPE_UNTYPED || slot_in(model, untyped)->device) {
        return KOZO_BAD_TYPE;
    }
    if (slot_in(model, untyped)->value != 0) {
        return KOZO_BAD_STATE;
    }
    if (donor_pages(slot_in(model, untyped)) == 0) {
        return KOZO_BAD_ARGUMENT;
    }
    while (slot_in(model, place)->type != KOZO_TYPE_NONE) {
        place++;
        if (place == call->object + PART_DONORS + POOL_DONORS) {
            return KOZO_BAD_STATE;
        }
    }

    move_slot(model, untyped, place, IN_POOL);
    object_in(model, call->object)->pool.donated += donor_pages(slot_in(model, place));
    return KOZO_OK;
}

enum kozo_error do_attach(struct making *call)
{
    struct model *model = call->model;
    struct model_object *pool = object_in(model, call->object);
    name_t space;

    enum kozo_error error =
        find_typed(call, call->argument[0], KOZO_TYPE_ADDRESS_SPACE, CONTROL, &space);
    if (error != KOZO_OK) {
        return error;
    }
    space = slot_in(model, space)->object;
    if (object_in(model, space)->space.pool != 0) {
        return KOZO_BAD_STATE;
    }
    if (pool->pool.taken == pool->pool.donated) {
        return KOZO_NO_MEMORY;
    }

    object_in(model, space)->space.pool = call->object;
    pool->pool.taken++;
    map_add(model, space);
    return KOZO_OK;
}

enum kozo_error do_pool_info(struct making *call)
{
    call->argument[0] = object_in(call->model, call->object)->pool.donated;
    call->argument[1] = object_in(call->model, call->object)->pool.taken;
    call->argument[2] = call->argument[0] - call->argument[1];
    call->argument[3] = count_spaces(call->model, call->object);
    return KOZO_OK;
}

enum kozo_error do_space_info(struct making *call)
{
    const struct model_map *map = map_of(call->model, call->object);
    uint64_t mappings = 0;

    for (name_t i = 1; i < UNITS; i++) {
        const struct model_slot *slot = slot_in(call->model, i);
        mappings += slot->type == KOZO_TYPE_MAPPING && slot->object == call->object;
    }
    call->argument[0] = mappings;
    call->argument[1] = map == nullptr ? 0 : count_tables(map);
    return KOZO_OK;
}
