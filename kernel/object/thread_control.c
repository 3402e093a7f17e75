// SPDX-License-Identifier: MIT
// Thread: the calls that configure and control one. Its states are in thread.c.
#include "object/thread.h"

#include "cap/delete.h"
#include "cap/lookup.h"
#include "object/address_space.h"
#include "object/cnode.h"
#include "object/endpoint.h"
#include "object/notification.h"
#include "object/sched_context.h"
#include "sched/scheduler.h"
#include "sched/waits.h"
#include "syscall/call.h"

// --- configure ----------------------------------------------------------------------------------

// The capabilities that configure was given; null for those that stay as they are.
struct configuration {
    enum kozo_error error;
    struct slot *cspace, *space, *buffer, *fault_handler;
};

static struct slot *configuration_find(struct call *call, struct configuration *found,
                                       uint64_t handle, enum kozo_object_type type, unsigned rights)
{
    if (handle == 0 || found->error != KOZO_OK) {
        return nullptr;
    }
    struct lookup lookup = lookup_typed_near(call->caller, handle, type, rights);
    found->error = lookup.error;
    return lookup.slot;
}

static enum kozo_error configuration_check(const struct call *call,
                                           const struct configuration *found, uint64_t offset)
{
    if (found->buffer != nullptr) {
        if ((found->buffer->flags & SLOT_DEVICE) != 0) {
            return KOZO_BAD_TYPE;
        }
        if (offset % sizeof(struct kozo_ipc_buffer) != 0 || offset >= found->buffer->size) {
            return KOZO_BAD_ARGUMENT;
        }
    }
    if (found->fault_handler != nullptr && (found->fault_handler->flags & SLOT_LEASED) != 0) {
        return KOZO_BAD_TYPE;
    }
    if (found->space != nullptr && address_space_of(found->space)->root == 0) {
        return KOZO_BAD_STATE;
    }
    const struct thread *thread = thread_of(call->slot);
    bool idle = thread->state == STOPPED || thread->state == FAULTED;
    bool itself = thread == call->caller && found->space == nullptr;
    return idle || itself ? KOZO_OK : KOZO_BAD_STATE;
}

static void configuration_replace(struct call *call, struct slot *slot, struct slot *source)
{
    if (source != nullptr) {
        slot_delete_at_once(call->cpu, slot);
        capability_copy(source, slot, SLOT_IN_THREAD);
    }
}

enum kozo_error thread_configure_call(struct call *call)
{
    const uint64_t *argument = call->argument;
    struct thread *thread = thread_of(call->slot);
    struct configuration found = {};

    found.cspace = configuration_find(call, &found, argument[0], KOZO_TYPE_CNODE, 0);
    found.space =
        configuration_find(call, &found, argument[1], KOZO_TYPE_ADDRESS_SPACE, KOZO_RIGHT_CONTROL);
    found.buffer = configuration_find(call, &found, argument[2], KOZO_TYPE_FRAME,
                                      KOZO_RIGHT_READ | KOZO_RIGHT_WRITE);
    found.fault_handler =
        configuration_find(call, &found, argument[4], KOZO_TYPE_ENDPOINT, KOZO_RIGHT_WRITE);
    if (found.error != KOZO_OK) {
        return found.error;
    }
    enum kozo_error error = configuration_check(call, &found, argument[3]);
    if (error != KOZO_OK) {
        return error;
    }

    configuration_replace(call, &thread->space, found.space);
    configuration_replace(call, &thread->buffer, found.buffer);
    configuration_replace(call, &thread->fault_handler, found.fault_handler);
    configuration_replace(call, &thread->cspace, found.cspace);
    if (found.buffer != nullptr) {
        thread->buffer.value = argument[3];
    }
    return call_finish(call);
}

// --- control ------------------------------------------------------------------------------------

enum kozo_error thread_resume_call(struct call *call)
{
    struct thread *thread = thread_of(call->slot);

    if ((thread->state != STOPPED && thread->state != FAULTED) || thread_root(thread) == 0) {
        return KOZO_BAD_STATE;
    }

    thread->state = READY;
    scheduler_add(call->cpu, thread);
    foreign_continue(call->cpu, thread);
    return KOZO_OK;
}

enum kozo_error thread_suspend_call(struct call *call)
{
    thread_stop(call->cpu, thread_of(call->slot));
    // What it had begun to delete would wait for somebody else.
    return call_finish(call);
}

enum kozo_error thread_cancel_call(struct call *call)
{
    struct thread *thread = thread_of(call->slot);

    if (!thread_is_waiting(thread)) {
        return KOZO_BAD_STATE;
    }

    thread_cancel(call->cpu, thread, KOZO_CANCELLED);
    return KOZO_OK;
}

enum kozo_error thread_set_timeout_call(struct call *call)
{
    if (call->argument[0] > 1) {
        return KOZO_BAD_ARGUMENT;
    }

    thread_of(call->slot)->timeouts = call->argument[0] != 0;
    return KOZO_OK;
}

enum kozo_error thread_set_priority_call(struct call *call)
{
    struct thread *thread = thread_of(call->slot);
    uint64_t priority = call->argument[0];

    if (priority > call->caller->own_priority) {
        return KOZO_BAD_ARGUMENT;
    }

    waits_set_priority(call->cpu, thread, (uint8_t)priority);
    return KOZO_OK;
}

static bool is_user_address(uint64_t address)
{
    return address < ARCH_USER_END;
}

enum kozo_error thread_write_registers_call(struct call *call)
{
    struct thread *thread = thread_of(call->slot);
    const uint64_t *argument = call->argument;

    if (!is_user_address(argument[0]) || !is_user_address(argument[1]) ||
        !is_user_address(argument[4])) {
        return KOZO_BAD_ARGUMENT;
    }
    if (thread->state != STOPPED && thread->state != FAULTED) {
        return KOZO_BAD_STATE;
    }

    arch_registers_start(&thread->registers, argument[0], argument[1], argument[2], argument[3],
                         argument[4]);
    return KOZO_OK;
}

enum kozo_error thread_read_registers_call(struct call *call)
{
    const struct thread *thread = thread_of(call->slot);

    if (thread->state == READY) {
        return KOZO_BAD_STATE;
    }

    call->argument[0] = arch_registers_instruction(&thread->registers);
    call->argument[1] = arch_registers_stack(&thread->registers);
    call->argument[2] = thread->state;
    return KOZO_OK;
}

enum kozo_error thread_bind_notification_call(struct call *call)
{
    struct thread *thread = thread_of(call->slot);

    if (call->argument[0] == 0) {
        notification_unbind(thread);
        return KOZO_OK;
    }
    struct lookup found =
        lookup_typed(call->caller, call->argument[0], KOZO_TYPE_NOTIFICATION, KOZO_RIGHT_READ);
    if (found.error != KOZO_OK) {
        return found.error;
    }
    if ((found.slot->flags & SLOT_LEASED) != 0) {
        return KOZO_BAD_TYPE;
    }
    return notification_bind(notification_of(found.slot), thread);
}

// Who waits in the queue does so knowing for whom.
static enum kozo_error unbind_endpoint(struct thread *thread)
{
    const struct endpoint *endpoint = link_target(thread->endpoint);

    if (endpoint != nullptr && endpoint->waitable.queue.first != 0 &&
        thread_at(endpoint->waitable.queue.first)->state == SENDING) {
        return KOZO_BAD_STATE;
    }

    endpoint_unbind(thread);
    return KOZO_OK;
}

enum kozo_error thread_bind_endpoint_call(struct call *call)
{
    struct thread *thread = thread_of(call->slot);

    if (call->argument[0] == 0) {
        return unbind_endpoint(thread);
    }
    struct lookup found =
        lookup_typed(call->caller, call->argument[0], KOZO_TYPE_ENDPOINT, KOZO_RIGHT_READ);
    if (found.error != KOZO_OK) {
        return found.error;
    }
    if ((found.slot->flags & SLOT_LEASED) != 0) {
        return KOZO_BAD_TYPE;
    }
    return endpoint_bind(endpoint_of(found.slot), thread);
}

enum kozo_error thread_info_call(struct call *call)
{
    const struct thread *thread = thread_of(call->slot);
    const struct sched_context *context = link_target(thread->context.object);

    if (context != nullptr) {
        (void)sched_context_charge(context);
    }
    call->argument[0] = thread->state;
    call->argument[1] = thread->priority;
    call->argument[2] = context == nullptr ? 0 : context->consumed;
    call->argument[3] = thread->user_time;
    return KOZO_OK;
}
