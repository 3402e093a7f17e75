// SPDX-License-Identifier: MIT
#include "object/notification.h"

#include "cap/delete.h"
#include "cap/lookup.h"
#include "object/cnode.h"
#include "object/reply.h"
#include "object/thread.h"
#include "sched/scheduler.h"
#include "syscall/call.h"

bool notification_at_rest(const struct object *object)
{
    const struct notification *notification = (const struct notification *)object;

    return notification->waitable.queue.first == 0 && notification->bound == 0;
}

bool notification_reap(struct cpu *cpu, struct object *object)
{
    struct notification *notification = (struct notification *)object;

    if (notification->bound != 0) {
        notification_unbind(thread_at(notification->bound));
    }
    return waitable_empty(cpu, &notification->waitable);
}

// A receive that is answered by a signal: a message without words, whose badge is the bits.
static void give_as_message(struct thread *receiver, uint64_t bits)
{
    receiver->registers.handle = bits;
    receiver->registers.argument[0] = 0;
}

// Hands the bits to somebody who waits for them now. False when nobody does.
static bool hand_over(struct cpu *cpu, struct notification *notification, uint64_t bits)
{
    struct thread *waiter = thread_at(notification->waitable.queue.first);
    struct thread *bound = thread_at(notification->bound);

    if (waiter != nullptr) {
        queue_remove(&notification->waitable.queue, waiter);
        waiter->waiting_on = 0;
        waiter->registers.argument[0] = bits;
        thread_wake(cpu, waiter, KOZO_OK);
        return true;
    }
    if (bound != nullptr && bound->state == RECEIVING) {
        give_as_message(bound, bits);
        thread_cancel(cpu, bound, KOZO_OK);
        return true;
    }
    return false;
}

void notification_signal(struct cpu *cpu, struct notification *notification, uint64_t badge)
{
    uint64_t bits = badge == 0 ? 1 : badge;

    if (!hand_over(cpu, notification, bits)) {
        notification->bits |= bits;
    }
}

bool notification_take_bound(struct thread *receiver)
{
    struct notification *notification = link_target(receiver->notification);

    if (notification == nullptr || notification->bits == 0) {
        return false;
    }
    give_as_message(receiver, notification->bits);
    notification->bits = 0;
    return true;
}

enum kozo_error notification_bind(struct notification *notification, struct thread *thread)
{
    if (notification->bound != 0 || thread->notification != 0 ||
        notification->waitable.queue.first != 0 || thread->state == RECEIVING) {
        return KOZO_BAD_STATE;
    }

    notification->bound = link_to(thread);
    thread->notification = link_to(notification);
    return KOZO_OK;
}

void notification_unbind(struct thread *thread)
{
    struct notification *notification = link_target(thread->notification);

    if (notification != nullptr) {
        notification->bound = 0;
        thread->notification = 0;
    }
}

enum kozo_error notification_fill_slot(struct call *call, struct slot *slot)
{
    struct slot *source = nullptr;

    if (call->argument[0] != 0) {
        struct lookup found =
            lookup_typed(call->caller, call->argument[0], KOZO_TYPE_NOTIFICATION, KOZO_RIGHT_WRITE);
        if (found.error != KOZO_OK) {
            return found.error;
        }
        if ((found.slot->flags & SLOT_LEASED) != 0) {
            return KOZO_BAD_TYPE;
        }
        source = found.slot;
    }

    slot_delete_at_once(call->cpu, slot);
    if (source != nullptr) {
        capability_copy(source, slot, 0);
    }
    return call_finish(call);
}

enum kozo_error notification_signal_call(struct call *call)
{
    notification_signal(call->cpu, notification_of(call->slot), call->slot->value);
    return KOZO_OK;
}

enum kozo_error notification_wait_generally(struct call *call)
{
    struct notification *notification = notification_of(call->slot);
    struct thread *caller = call->caller;

    scheduler_disturb(call->cpu);
    caller->state = WAITING;
    caller->waiting_on = link_to(notification);
    queue_push(&notification->waitable.queue, caller);
    return KOZO_OK;
}

enum kozo_error notification_poll_call(struct call *call)
{
    call->argument[0] = notification_take(notification_of(call->slot));
    return KOZO_OK;
}
