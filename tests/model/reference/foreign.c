// SPDX-License-Identifier: MIT
// Faults, and foreign threads, all of whose doings are faults.
#include "reference.h"

void fault(struct model *model, name_t thread, enum kozo_fault_kind kind)
{
    const struct model_slot *handler = slot_in(model, thread + PART_HANDLER);
    struct model_thread *faulted = thread_in(model, thread);

    faulted->fault = (uint8_t)kind;
    if (handler->type == KOZO_TYPE_ENDPOINT) {
        faulted->faulted = true;
        if (call_endpoint(model, thread, handler->object, handler->value) != KOZO_DEADLOCK) {
            return;
        }
    }
    stop(model, thread);
    set_faulted(faulted);
}

void foreign_call(struct model *model, name_t thread)
{
    struct model_thread *caller = thread_in(model, thread);
    bool exempt = CALL_AT >= caller->exempt && CALL_AT - caller->exempt < caller->exempt_size;

    if (caller->entry != 0 && !exempt) {
        caller->instruction = caller->entry;
    } else {
        fault(model, thread, KOZO_FAULT_SYSCALL);
    }
}

void continue_foreign(struct model *model, name_t thread)
{
    struct model_thread *continued = thread_in(model, thread);

    if (continued->interrupt && continued->state == READY) {
        continued->interrupt = false;
        leave_ready(model, thread);
        fault(model, thread, KOZO_FAULT_INTERRUPTED);
    }
}

static bool is_held(const struct model_thread *thread)
{
    return thread->state == STOPPED || thread->state == FAULTED ||
           (thread->state == CALLING && thread->faulted);
}

enum kozo_error do_set_foreign(struct making *call)
{
    struct model_thread *thread = thread_in(call->model, call->object);
    const uint64_t *argument = call->argument;

    if (argument[0] > 1 || argument[1] >= ARCH_USER_END || argument[2] >= ARCH_USER_END ||
        argument[3] > ARCH_USER_END - argument[2]) {
        return KOZO_BAD_ARGUMENT;
    }
    if (!is_held(thread)) {
        return KOZO_BAD_STATE;
    }

    thread->foreign = argument[0] == 1;
    thread->interrupt = thread->interrupt && thread->foreign;
    thread->entry = argument[1];
    thread->exempt = argument[2];
    thread->exempt_size = argument[3];
    return KOZO_OK;
}

enum kozo_error do_interrupt(struct making *call)
{
    struct model_thread *thread = thread_in(call->model, call->object);

    if (!thread->foreign) {
        return KOZO_BAD_STATE;
    }
    thread->interrupt = true;
    continue_foreign(call->model, call->object);
    return KOZO_OK;
}
