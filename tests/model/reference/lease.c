// SPDX-License-Identifier: MIT
// Lease: open, close, and what is lent.
#include "reference.h"

bool lease_is_open(struct model *model, name_t lease)
{
    for (name_t at = lease; at != 0; at = object_in(model, at)->lease.outer) {
        const struct model_object *object = object_in(model, at);
        if (!object->lease.opened || object->lease.closed || object->lease.uses == 0 ||
            model->now > object->lease.deadline) {
            return false;
        }
    }
    return true;
}

static bool lies_inside(struct model *model, name_t lease, name_t other)
{
    while (lease != 0 && lease != other) {
        lease = object_in(model, lease)->lease.outer;
    }
    return lease == other;
}

enum kozo_error do_lend(struct making *call)
{
    name_t lease;
    name_t source = find(call, call->handle);
    if (source == 0) {
        return KOZO_BAD_HANDLE;
    }
    enum kozo_error error = find_typed(call, call->argument[3], KOZO_TYPE_LEASE, CONTROL, &lease);
    if (error != KOZO_OK) {
        return error;
    }
    const struct model_slot *lent = slot_in(call->model, source);
    name_t under = slot_in(call->model, lease)->object;
    if (lent->type != KOZO_TYPE_ENDPOINT && lent->type != KOZO_TYPE_NOTIFICATION) {
        return KOZO_BAD_TYPE;
    }
    if (!lease_is_open(call->model, under)) {
        return KOZO_EXPIRED;
    }
    if (lent->lease != 0 && !lies_inside(call->model, under, lent->lease)) {
        return KOZO_BAD_ARGUMENT;
    }
    return derive(call, call->argument[1], call->argument[2], under);
}

enum kozo_error do_lease_open(struct making *call)
{
    struct model_object *lease = object_in(call->model, call->object);
    const struct model_object *outer = nullptr;
    name_t slot = 0;

    if (call->argument[2] != 0) {
        enum kozo_error error =
            find_typed(call, call->argument[2], KOZO_TYPE_LEASE, CONTROL, &slot);
        if (error != KOZO_OK) {
            return error;
        }
        outer = object_in(call->model, slot_in(call->model, slot)->object);
        if (!lease_is_open(call->model, slot_in(call->model, slot)->object) ||
            outer->lease.depth + 1 >= 4) {
            return KOZO_BAD_STATE;
        }
    }
    if (lease->lease.opened || lease->lease.closed) {
        return KOZO_BAD_STATE;
    }

    lease->lease.opened = true;
    lease->lease.deadline = call->argument[0] == 0 ? NO_LIMIT : call->argument[0];
    lease->lease.uses = call->argument[1] == 0 ? NO_LIMIT : call->argument[1];
    if (outer != nullptr) {
        lease->lease.outer = slot_in(call->model, slot)->object;
        lease->lease.depth = outer->lease.depth + 1;
        if (lease->lease.deadline > outer->lease.deadline) {
            lease->lease.deadline = outer->lease.deadline;
        }
    }
    return KOZO_OK;
}

enum kozo_error do_lease_close(struct making *call)
{
    object_in(call->model, call->object)->lease.closed = true;
    return KOZO_OK;
}

enum kozo_error do_lease_info(struct making *call)
{
    const struct model_object *lease = object_in(call->model, call->object);

    call->argument[0] = lease_is_open(call->model, call->object);
    call->argument[1] = lease->lease.deadline == NO_LIMIT ? 0 : lease->lease.deadline;
    call->argument[2] = lease->lease.uses;
    return KOZO_OK;
}
