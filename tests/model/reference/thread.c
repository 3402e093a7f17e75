// SPDX-License-Identifier: MIT
// Thread and SchedContext.
#include "reference.h"

enum kozo_error do_resume(struct making *call)
{
    struct model_thread *thread = thread_in(call->model, call->object);
    const struct model_slot *space = slot_in(call->model, call->object + PART_SPACE);

    if ((thread->state != STOPPED && thread->state != FAULTED) ||
        map_of(call->model, space->object) == nullptr) {
        return KOZO_BAD_STATE;
    }

    thread->state = READY;
    join_ready(call->model, call->object);
    return KOZO_OK;
}

enum kozo_error do_suspend(struct making *call)
{
    stop(call->model, call->object);
    return KOZO_OK;
}

enum kozo_error do_set_priority(struct making *call)
{
    uint64_t priority = call->argument[0];

    if (priority > thread_in(call->model, call->caller)->priority) {
        return KOZO_BAD_ARGUMENT;
    }

    leave_ready(call->model, call->object);
    thread_in(call->model, call->object)->priority = (uint8_t)priority;
    join_ready(call->model, call->object);
    return KOZO_OK;
}

enum kozo_error do_bind_notification(struct making *call)
{
    struct model *model = call->model;
    struct model_thread *thread = thread_in(model, call->object);
    name_t slot;

    if (call->argument[0] == 0) {
        if (thread->notification != 0) {
            object_in(model, thread->notification)->meeting.bound = 0;
        }
        thread->notification = 0;
        return KOZO_OK;
    }
    enum kozo_error error =
        find_typed(call, call->argument[0], KOZO_TYPE_NOTIFICATION, READ, &slot);
    if (error != KOZO_OK) {
        return error;
    }
    struct model_object *notification = object_in(model, slot_in(model, slot)->object);
    if (slot_in(model, slot)->lease != 0) {
        return KOZO_BAD_TYPE;
    }
    if (notification->meeting.bound != 0 || notification->meeting.queue.thread[0] != 0 ||
        thread->notification != 0 || thread->state == RECEIVING) {
        return KOZO_BAD_STATE;
    }

    notification->meeting.bound = call->object;
    thread->notification = slot_in(model, slot)->object;
    return KOZO_OK;
}

enum kozo_error do_bind_context(struct making *call)
{
    struct model *model = call->model;
    struct model_object *context = object_in(model, call->object);
    name_t thread;

    enum kozo_error error = find_typed(call, call->argument[0], KOZO_TYPE_THREAD, CONTROL, &thread);
    if (error != KOZO_OK) {
        return error;
    }
    thread = slot_in(model, thread)->object;
    if (!context->context.has_budget || context->context.owner != 0 ||
        slot_in(model, thread + PART_CONTEXT)->type != KOZO_TYPE_NONE) {
        return KOZO_BAD_STATE;
    }

    copy_slot(model, call->slot, thread + PART_CONTEXT, IN_THREAD);
    context->context.owner = thread;
    join_ready(model, thread);
    return KOZO_OK;
}

enum kozo_error do_unbind_context(struct making *call)
{
    name_t owner = object_in(call->model, call->object)->context.owner;
    struct dying dying = {};

    if (owner != 0) {
        delete_slot(call->model, &dying, owner + PART_CONTEXT);
    }
    return KOZO_OK;
}
