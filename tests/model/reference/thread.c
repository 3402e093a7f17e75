// SPDX-License-Identifier: MIT
// Thread and SchedContext.
#include "reference.h"

// The part of the thread is to be a copy of what the handle leads to; 0 leaves it as it is.
struct part {
    uint64_t handle;
    name_t part;
    unsigned type;
    unsigned rights;
};

enum kozo_error do_configure(struct making *call)
{
    struct model *model = call->model;
    const struct model_thread *thread = thread_in(model, call->object);
    const struct part parts[] = {
        {call->argument[0], PART_CSPACE, KOZO_TYPE_CNODE, 0},
        {call->argument[1], PART_SPACE, KOZO_TYPE_ADDRESS_SPACE, CONTROL},
        {call->argument[2], PART_BUFFER, KOZO_TYPE_FRAME, READ | WRITE},
        {call->argument[4], PART_HANDLER, KOZO_TYPE_ENDPOINT, WRITE},
    };
    constexpr unsigned count = sizeof(parts) / sizeof(parts[0]);
    constexpr unsigned in_order[] = {1, 2, 3, 0};
    uint64_t offset = call->argument[3];
    name_t found[count] = {};
    struct dying dying = {};

    for (unsigned i = 0; i < count; i++) {
        enum kozo_error error =
            parts[i].handle == 0
                ? KOZO_OK
                : find_typed(call, parts[i].handle, parts[i].type, parts[i].rights, &found[i]);
        if (error != KOZO_OK) {
            return error;
        }
    }
    if (found[2] != 0 && slot_in(model, found[2])->device) {
        return KOZO_BAD_TYPE;
    }
    if (found[2] != 0 && (offset % sizeof(struct kozo_ipc_buffer) != 0 ||
                          offset >= slot_in(model, found[2])->size)) {
        return KOZO_BAD_ARGUMENT;
    }
    if (found[3] != 0 && slot_in(model, found[3])->lease != 0) {
        return KOZO_BAD_TYPE;
    }
    if (found[1] != 0 && map_of(model, slot_in(model, found[1])->object) == nullptr) {
        return KOZO_BAD_STATE;
    }
    bool idle = thread->state == STOPPED || thread->state == FAULTED;
    if (!idle && (call->object != call->caller || found[1] != 0)) {
        return KOZO_BAD_STATE;
    }

    for (unsigned i = 0; i < count; i++) {
        unsigned at = in_order[i];
        if (found[at] != 0) {
            delete_slot(model, &dying, call->object + parts[at].part);
            copy_slot(model, found[at], call->object + parts[at].part, IN_THREAD);
        }
    }
    if (found[2] != 0) {
        slot_in(model, call->object + PART_BUFFER)->value = offset;
    }
    end_all(model, &dying);
    return KOZO_OK;
}

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
    continue_foreign(call->model, call->object);
    return KOZO_OK;
}

enum kozo_error do_suspend(struct making *call)
{
    stop(call->model, call->object);
    return KOZO_OK;
}

enum kozo_error do_cancel(struct making *call)
{
    if (!is_waiting(thread_in(call->model, call->object)->state)) {
        return KOZO_BAD_STATE;
    }
    cancel(call->model, call->object, KOZO_CANCELLED);
    return KOZO_OK;
}

enum kozo_error do_set_priority(struct making *call)
{
    uint64_t priority = call->argument[0];

    if (priority > thread_in(call->model, call->caller)->own_priority) {
        return KOZO_BAD_ARGUMENT;
    }

    thread_in(call->model, call->object)->own_priority = (uint8_t)priority;
    settle_priority(call->model, call->object);
    return KOZO_OK;
}

enum kozo_error do_bind_endpoint(struct making *call)
{
    struct model *model = call->model;
    struct model_thread *thread = thread_in(model, call->object);
    name_t slot;

    if (call->argument[0] == 0) {
        struct model_object *bound = object_in(model, thread->endpoint);
        name_t first = thread->endpoint == 0 ? 0 : bound->meeting.queue.thread[0];
        if (first != 0 && thread_in(model, first)->state == SENDING) {
            return KOZO_BAD_STATE;
        }
        if (thread->endpoint != 0) {
            bound->meeting.bound = 0;
        }
        thread->endpoint = 0;
        return KOZO_OK;
    }
    enum kozo_error error = find_typed(call, call->argument[0], KOZO_TYPE_ENDPOINT, READ, &slot);
    if (error != KOZO_OK) {
        return error;
    }
    struct model_object *endpoint = object_in(model, slot_in(model, slot)->object);
    if (slot_in(model, slot)->lease != 0) {
        return KOZO_BAD_TYPE;
    }
    if (endpoint->meeting.bound != 0 || endpoint->meeting.queue.thread[0] != 0 ||
        thread->endpoint != 0) {
        return KOZO_BAD_STATE;
    }

    endpoint->meeting.bound = call->object;
    thread->endpoint = slot_in(model, slot)->object;
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
