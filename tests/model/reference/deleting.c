// SPDX-License-Identifier: MIT
// What goes with a capability that is deleted: at once, however long it takes the kernel.
#include <string.h>

#include "reference.h"

// The object that a slot stands in.
static name_t owner_of(struct model *model, name_t slot)
{
    while (model->object[slot].type == KOZO_TYPE_NONE) {
        slot--;
    }
    return slot;
}

void delete_slot(struct model *model, struct dying *dying, name_t place)
{
    struct model_slot *slot = slot_in(model, place);
    name_t object = has_object(slot->type) ? slot->object : 0;

    if (slot->where == IN_THREAD && slot->type == KOZO_TYPE_SCHED_CONTEXT) {
        take_time_away(model, slot->object);
    }
    if (slot->where == IN_THREAD && slot->type == KOZO_TYPE_ADDRESS_SPACE) {
        stop(model, owner_of(model, place));
    }
    if (slot->where == IN_POOL) {
        clear_pool(model, owner_of(model, place));
        object_in(model, owner_of(model, place))->pool.donated -= donor_pages(slot);
    }
    if (slot->type == KOZO_TYPE_MAPPING) {
        limit(model, place, 0, slot->size / PAGE, 0, false);
    }
    if (slot->type != KOZO_TYPE_NONE) {
        empty_slot(model, place);
    }
    if (object != 0 && --object_in(model, object)->references == 0) {
        dying->object[dying->count++] = object;
    }
}

static void end_meeting(struct model *model, name_t object)
{
    name_t bound = object_in(model, object)->meeting.bound;

    for (name_t first; (first = object_in(model, object)->meeting.queue.thread[0]) != 0;) {
        cancel(model, first, KOZO_CANCELLED);
    }
    if (bound != 0 && object_in(model, object)->type == KOZO_TYPE_ENDPOINT) {
        thread_in(model, bound)->endpoint = 0;
    } else if (bound != 0) {
        thread_in(model, bound)->notification = 0;
    }
}

static void end_reply(struct model *model, name_t reply)
{
    name_t thread = object_in(model, reply)->reply.thread;

    if (thread != 0 && thread_in(model, thread)->state == CALLING) {
        cancel(model, thread, KOZO_NO_REPLY);
    } else if (thread != 0) {
        forget_reply(model, thread);
    }
}

static void end_thread(struct model *model, struct dying *dying, name_t thread)
{
    name_t notification = thread_in(model, thread)->notification;
    name_t endpoint = thread_in(model, thread)->endpoint;

    stop(model, thread);
    if (notification != 0) {
        object_in(model, notification)->meeting.bound = 0;
    }
    if (endpoint != 0) {
        object_in(model, endpoint)->meeting.bound = 0;
    }
    for (name_t i = 1; i < UNITS; i++) {
        if (model->object[i].type == KOZO_TYPE_THREAD && model->object[i].thread.server == thread) {
            model->object[i].thread.server = 0;
        }
    }
    for (name_t part = PART_CSPACE; part <= PART_CONTEXT; part++) {
        delete_slot(model, dying, thread + part);
    }
    if (model->current == thread) {
        model->current = 0;
    }
}

static void end_lease(struct model *model, struct dying *dying, name_t lease)
{
    for (name_t i = 1; i < UNITS; i++) {
        if (model->object[i].type == KOZO_TYPE_LEASE && model->object[i].lease.outer == lease) {
            model->object[i].lease.outer = 0;
            model->object[i].lease.closed = true;
        }
        if (model->slot[i].type != KOZO_TYPE_NONE && model->slot[i].lease == lease) {
            delete_slot(model, dying, i);
        }
    }
}

static void end_object(struct model *model, struct dying *dying, name_t object)
{
    const struct model_object *ended = object_in(model, object);

    switch (ended->type) {
    case KOZO_TYPE_CNODE:
        for (name_t i = 1; i < 1u << ended->bits; i++) {
            delete_slot(model, dying, object + i);
        }
        break;
    case KOZO_TYPE_ENDPOINT:
    case KOZO_TYPE_NOTIFICATION:
        end_meeting(model, object);
        break;
    case KOZO_TYPE_REPLY:
        end_reply(model, object);
        break;
    case KOZO_TYPE_THREAD:
        end_thread(model, dying, object);
        break;
    case KOZO_TYPE_SCHED_CONTEXT:
        take_time_away(model, object);
        break;
    case KOZO_TYPE_LEASE:
        end_lease(model, dying, object);
        break;
    case KOZO_TYPE_TIMER:
        delete_slot(model, dying, object + PART_TIMER);
        break;
    case KOZO_TYPE_POOL:
        clear_pool(model, object);
        for (name_t i = 0; i < POOL_DONORS; i++) {
            delete_slot(model, dying, object + PART_DONORS + i);
        }
        break;
    case KOZO_TYPE_ADDRESS_SPACE:
        if (ended->space.pool != 0) {
            leave_pool(model, object, true);
        }
        break;
    default:
        break;
    }
    memset(object_in(model, object), 0, sizeof(struct model_object));
}

void end_all(struct model *model, struct dying *dying)
{
    while (dying->count > 0) {
        end_object(model, dying, dying->object[--dying->count]);
    }
}

static bool is_below(struct model *model, name_t slot, name_t ancestor)
{
    while (slot_in(model, slot)->type != KOZO_TYPE_NONE && slot_in(model, slot)->parent != 0) {
        slot = slot_in(model, slot)->parent;
        if (slot == ancestor) {
            return true;
        }
    }
    return false;
}

// What is derived from the slot now goes, whatever becomes of the slot itself meanwhile.
void revoke(struct model *model, name_t slot)
{
    bool condemned[UNITS] = {};
    struct dying dying = {};

    for (name_t i = 1; i < UNITS; i++) {
        condemned[i] = is_below(model, i, slot);
    }
    for (name_t i = 1; i < UNITS; i++) {
        if (condemned[i]) {
            delete_slot(model, &dying, i);
            end_all(model, &dying);
        }
    }
}
