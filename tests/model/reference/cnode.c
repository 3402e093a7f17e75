// SPDX-License-Identifier: MIT
// CNode: copy, mint, move, delete, revoke, inspect.
#include "reference.h"

// What minting with `value` makes of a capability.
static enum kozo_error mint_value(struct model_slot *slot, uint64_t value)
{
    uint64_t first = value & UINT32_MAX;
    uint64_t count = value >> 32;

    if (value == 0) {
        return KOZO_OK;
    }
    if (slot->type == KOZO_TYPE_ENDPOINT || slot->type == KOZO_TYPE_NOTIFICATION) {
        bool set = slot->value != 0;
        slot->value = value;
        return set ? KOZO_BAD_ARGUMENT : KOZO_OK;
    }
    if (slot->type != KOZO_TYPE_FRAME || count == 0 || (first + count) * PAGE > slot->size) {
        return KOZO_BAD_ARGUMENT;
    }
    slot->base += first * PAGE;
    slot->size = count * PAGE;
    return KOZO_OK;
}

enum kozo_error derive(struct making *call, uint64_t rights, uint64_t value, name_t lease)
{
    struct model *model = call->model;
    name_t source = find(call, call->handle);
    if (source == 0) {
        return KOZO_BAD_HANDLE;
    }
    struct model_slot made = *slot_in(model, source);
    if (!can_be_copied(made.type)) {
        return KOZO_BAD_TYPE;
    }
    enum kozo_error error = mint_value(&made, value);
    if (error != KOZO_OK) {
        return error;
    }
    struct model_place place = find_place(call, call->argument[0]);
    error = check_empty(call, &place);
    if (error != KOZO_OK) {
        return error;
    }

    copy_slot(model, source, place.slot, IN_CNODE);
    slot_in(model, place.slot)->rights = made.rights & (uint16_t)rights;
    slot_in(model, place.slot)->value = made.value;
    slot_in(model, place.slot)->base = made.base;
    slot_in(model, place.slot)->size = made.size;
    slot_in(model, place.slot)->lease = lease != 0 ? lease : made.lease;
    return KOZO_OK;
}

enum kozo_error do_copy(struct making *call)
{
    return derive(call, UINT64_MAX, 0, 0);
}

enum kozo_error do_mint(struct making *call)
{
    return derive(call, call->argument[1], call->argument[2], 0);
}

enum kozo_error do_move(struct making *call)
{
    struct model_place from = find_place(call, call->handle);
    if (find(call, call->handle) == 0) {
        return KOZO_BAD_HANDLE;
    }
    if ((from.rights & WRITE) == 0) {
        return KOZO_NO_RIGHT;
    }
    struct model_place to = find_place(call, call->argument[0]);
    enum kozo_error error = check_empty(call, &to);
    if (error != KOZO_OK) {
        return error;
    }

    move_slot(call->model, from.slot, to.slot, IN_CNODE);
    return KOZO_OK;
}

enum kozo_error do_delete(struct making *call)
{
    struct dying dying = {};
    struct model_place place = find_place(call, call->handle);
    if (!place.exists) {
        return KOZO_BAD_HANDLE;
    }
    if ((place.rights & WRITE) == 0) {
        return KOZO_NO_RIGHT;
    }

    delete_slot(call->model, &dying, place.slot);
    end_all(call->model, &dying);
    return KOZO_OK;
}

enum kozo_error do_delete_run(struct making *call)
{
    struct dying dying = {};
    struct model_place place = find_place(call, call->handle);
    uint64_t count = call->argument[1];
    if (!place.exists || count > place.slots - place.index) {
        return KOZO_BAD_HANDLE;
    }
    if ((place.rights & WRITE) == 0) {
        return KOZO_NO_RIGHT;
    }
    if (call->argument[0] >= count) {
        return KOZO_BAD_ARGUMENT;
    }

    // It ends when it has deleted the last capability of the CNode itself.
    while (call->argument[0] < count && object_in(call->model, place.cnode)->references > 0) {
        delete_slot(call->model, &dying, (name_t)(place.slot + call->argument[0]));
        call->argument[0]++;
    }
    end_all(call->model, &dying);
    return KOZO_OK;
}

enum kozo_error do_revoke(struct making *call)
{
    struct model_place place = find_place(call, call->handle);
    if (find(call, call->handle) == 0) {
        return KOZO_BAD_HANDLE;
    }
    if ((place.rights & WRITE) == 0) {
        return KOZO_NO_RIGHT;
    }

    revoke(call->model, place.slot);
    return KOZO_OK;
}

static uint64_t inspect_value(struct model *model, const struct model_slot *slot)
{
    switch (slot->type) {
    case KOZO_TYPE_CNODE:
        return object_in(model, slot->object)->bits;
    case KOZO_TYPE_UNTYPED:
    case KOZO_TYPE_FRAME:
        return slot->size;
    default:
        return slot->value;
    }
}

enum kozo_error do_inspect(struct making *call)
{
    struct model *model = call->model;
    struct model_place place = find_place(call, call->handle);
    if (!place.exists) {
        return KOZO_BAD_HANDLE;
    }

    const struct model_slot *slot = slot_in(model, place.slot);
    bool empty = slot->type == KOZO_TYPE_NONE;
    bool beside = slot->parent > place.cnode && slot->parent < place.cnode + place.slots;
    call->argument[0] = slot->type;
    call->argument[1] = slot->rights;
    call->argument[2] = inspect_value(model, slot);
    call->argument[3] = !empty && find_child(model, place.slot) != 0;
    call->argument[4] = beside ? (uint64_t)slot->parent - place.cnode : 0;
    call->argument[5] = 0;
    call->argument[6] = UINT64_MAX;
    call->argument[7] = 0;
    for (name_t lease = slot->lease; lease != 0; lease = object_in(model, lease)->lease.outer) {
        uint64_t deadline = object_in(model, lease)->lease.deadline;
        uint64_t uses = object_in(model, lease)->lease.uses;
        if (deadline != UINT64_MAX && call->argument[5] == 0) {
            call->argument[5] = deadline;
        }
        call->argument[6] = uses < call->argument[6] ? uses : call->argument[6];
    }
    return KOZO_OK;
}
