// SPDX-License-Identifier: MIT
// Endpoint: send, receive and call, in one pattern. If the other side waits already, the message
// goes over at once; else the thread joins the queue. A receive first sends borrowed time home,
// then takes a pending signal, then a waiting sender.
#include "object/endpoint.h"

#include "cap/lookup.h"
#include "ipc/message.h"
#include "object/lease.h"
#include "object/notification.h"
#include "object/reply.h"
#include "object/thread.h"
#include "sched/scheduler.h"
#include "sched/time.h"
#include "sched/waits.h"
#include "syscall/call.h"

bool waitable_empty(struct cpu *cpu, struct waitable *waitable)
{
    if (waitable->queue.first == 0) {
        return true;
    }
    cpu->work++;
    thread_cancel(cpu, thread_at(waitable->queue.first), KOZO_CANCELLED);
    return false;
}

bool endpoint_at_rest(const struct object *object)
{
    const struct endpoint *endpoint = (const struct endpoint *)object;

    return endpoint->waitable.queue.first == 0 && endpoint->bound == 0;
}

bool endpoint_reap(struct cpu *cpu, struct object *object)
{
    struct endpoint *endpoint = (struct endpoint *)object;

    if (!waitable_empty(cpu, &endpoint->waitable)) {
        return false;
    }
    if (endpoint->bound != 0) {
        endpoint_unbind(thread_at(endpoint->bound));
    }
    return true;
}

enum kozo_error endpoint_bind(struct endpoint *endpoint, struct thread *thread)
{
    if (endpoint->bound != 0 || thread->endpoint != 0 || endpoint->waitable.queue.first != 0) {
        return KOZO_BAD_STATE;
    }

    endpoint->bound = link_to(thread);
    thread->endpoint = link_to(endpoint);
    return KOZO_OK;
}

void endpoint_unbind(struct thread *thread)
{
    struct endpoint *endpoint = link_target(thread->endpoint);

    if (endpoint != nullptr) {
        endpoint->bound = 0;
        thread->endpoint = 0;
    }
}

// The first thread of the queue, if it waits in this state.
static struct thread *first_in(const struct endpoint *endpoint, enum thread_state state)
{
    struct thread *first = thread_at(endpoint->waitable.queue.first);

    return first != nullptr && first->state == state ? first : nullptr;
}

// The current thread waits.
static void join(struct cpu *cpu, struct endpoint *endpoint, struct thread *thread,
                 enum thread_state state)
{
    scheduler_disturb(cpu);
    thread->state = state;
    thread->waiting_on = link_to(endpoint);
    queue_push(&endpoint->waitable.queue, thread);
    if (state == SENDING && endpoint->bound != 0) {
        waits_begin(cpu, thread, thread_at(endpoint->bound));
    }
}

static void leave(struct cpu *cpu, struct endpoint *endpoint, struct thread *thread)
{
    queue_remove(&endpoint->waitable.queue, thread);
    thread->waiting_on = 0;
    waits_end(cpu, thread);
}

// The message of `caller` goes over to `receiver`, which must answer it. Neither is in a queue.
static void meet_call(struct cpu *cpu, struct thread *caller, struct thread *receiver,
                      uint64_t badge)
{
    message_carry(caller, receiver, badge);
    caller->state = CALLING;
    receiver->registers.operation = KOZO_OK;
    receiver->state = READY;
    bool held = reply_hold(receiver, caller);
    if (held && time_is_near(caller, receiver)) {
        time_lend(cpu, caller, receiver);
    }
    scheduler_add(cpu, receiver);
    if (!held) {
        thread_wake(cpu, caller, KOZO_NO_REPLY);
    } else {
        waits_begin(cpu, caller, receiver);
    }
}

// The same for a message that wants no answer.
static void meet_send(struct cpu *cpu, struct thread *sender, struct thread *receiver,
                      uint64_t badge)
{
    message_carry(sender, receiver, badge);
    reply_forget(receiver);
    thread_wake(cpu, receiver, KOZO_OK);
}

enum kozo_error endpoint_call(struct cpu *cpu, struct thread *caller, struct endpoint *endpoint,
                              uint64_t badge)
{
    struct thread *receiver = first_in(endpoint, RECEIVING);

    if (receiver == nullptr) {
        enum kozo_error error = waits_check(cpu, caller, endpoint);
        if (error == KOZO_OK) {
            caller->badge = badge;
            caller->calls = true;
            join(cpu, endpoint, caller, SENDING);
        }
        return error;
    }
    leave(cpu, endpoint, receiver);
    meet_call(cpu, caller, receiver, badge);
    if (caller->state != CALLING) {
        return KOZO_NO_REPLY;
    }
    // A thread that is interrupted calls while another one runs.
    if (cpu->current == caller && receiver->cpu == cpu->number) {
        scheduler_switch_to(cpu, receiver);
    } else {
        scheduler_disturb(cpu);
    }
    return KOZO_OK;
}

enum kozo_error endpoint_call_generally(struct call *call)
{
    enum kozo_error error = message_check(call->caller, call->slot->rights);
    if (error != KOZO_OK) {
        return error;
    }
    if (!time_can_lend(call->caller)) {
        return KOZO_TOO_DEEP;
    }

    return endpoint_call(call->cpu, call->caller, endpoint_of(call->slot), call->slot->value);
}

static enum kozo_error send(struct call *call, bool wait)
{
    struct endpoint *endpoint = endpoint_of(call->slot);
    enum kozo_error error = message_check(call->caller, call->slot->rights);
    if (error != KOZO_OK) {
        return error;
    }
    struct thread *receiver = first_in(endpoint, RECEIVING);
    if (receiver == nullptr && !wait) {
        return KOZO_WOULD_BLOCK;
    }

    if (receiver != nullptr) {
        leave(call->cpu, endpoint, receiver);
        meet_send(call->cpu, call->caller, receiver, call->slot->value);
        return KOZO_OK;
    }
    error = waits_check(call->cpu, call->caller, endpoint);
    if (error != KOZO_OK) {
        return error;
    }
    call->caller->badge = call->slot->value;
    call->caller->calls = false;
    join(call->cpu, endpoint, call->caller, SENDING);
    return KOZO_OK;
}

enum kozo_error endpoint_send_call(struct call *call)
{
    return send(call, true);
}

enum kozo_error endpoint_try_send_call(struct call *call)
{
    return send(call, false);
}

// Takes what is there for the receiver already: a signal or a waiting sender. False when there is
// nothing.
static bool receive_now(struct cpu *cpu, struct thread *receiver, struct endpoint *endpoint,
                        struct reply *reply)
{
    if (notification_take_bound(receiver)) {
        time_return(cpu, receiver);
        return true;
    }
    struct thread *sender = first_in(endpoint, SENDING);
    if (sender == nullptr) {
        return false;
    }
    time_return(cpu, receiver);
    reply_offer(reply, receiver);
    leave(cpu, endpoint, sender);
    if (sender->calls) {
        meet_call(cpu, sender, receiver, sender->badge);
    } else {
        meet_send(cpu, sender, receiver, sender->badge);
        thread_wake(cpu, sender, KOZO_OK);
    }
    return true;
}

// What the Reply argument of a receive leads to, if the caller may receive.
struct reply_argument {
    enum kozo_error error;
    struct reply *reply; // null for none
};

static struct reply_argument receive_reply(struct call *call)
{
    if (endpoint_of(call->slot)->bound != 0 && call->caller->endpoint != call->slot->object) {
        return (struct reply_argument){.error = KOZO_BAD_STATE};
    }
    uint64_t handle = call->argument[1];
    if (handle == 0) {
        return (struct reply_argument){};
    }
    struct slot *slot = lookup(call->caller, handle);
    if (slot == nullptr || slot->type != KOZO_TYPE_REPLY) {
        return (struct reply_argument){.error = KOZO_BAD_HANDLE};
    }
    return (struct reply_argument){.reply = reply_of(slot)};
}

static void receive(struct call *call, struct reply *reply)
{
    struct endpoint *endpoint = endpoint_of(call->slot);

    if (!receive_now(call->cpu, call->caller, endpoint, reply)) {
        time_return(call->cpu, call->caller);
        reply_offer(reply, call->caller);
        join(call->cpu, endpoint, call->caller, RECEIVING);
    }
}

enum kozo_error endpoint_recv_call(struct call *call)
{
    struct reply_argument found = receive_reply(call);
    if (found.error != KOZO_OK) {
        return found.error;
    }
    if (found.reply != nullptr && found.reply->thread != 0) {
        return KOZO_BAD_STATE;
    }

    receive(call, found.reply);
    return KOZO_OK;
}

enum kozo_error endpoint_try_recv_call(struct call *call)
{
    struct reply_argument found = receive_reply(call);
    if (found.error != KOZO_OK) {
        return found.error;
    }
    if (found.reply != nullptr && found.reply->thread != 0) {
        return KOZO_BAD_STATE;
    }

    struct endpoint *endpoint = endpoint_of(call->slot);
    if (receive_now(call->cpu, call->caller, endpoint, found.reply)) {
        return KOZO_OK;
    }
    // A server without time of its own keeps what it borrowed, or it could never receive again.
    if (call->caller->context.type != KOZO_TYPE_NONE) {
        time_return(call->cpu, call->caller);
    }
    return KOZO_WOULD_BLOCK;
}

enum kozo_error endpoint_reply_recv_generally(struct call *call)
{
    struct reply_argument found = receive_reply(call);
    if (found.error != KOZO_OK) {
        return found.error;
    }
    if (found.reply == nullptr) {
        return KOZO_BAD_HANDLE;
    }
    struct thread *caller = reply_caller(found.reply);
    if (caller == nullptr && found.reply->thread != 0) {
        return KOZO_BAD_STATE;
    }
    enum kozo_error error = message_check(call->caller, KOZO_RIGHT_GRANT);
    if (error != KOZO_OK) {
        return error;
    }

    if (caller != nullptr) {
        reply_answer(call->cpu, call->caller, found.reply);
    }
    receive(call, found.reply);
    // The server waits: its caller, whose time is back, goes on at once.
    if (call->caller->state == RECEIVING && caller != nullptr && caller->queued &&
        caller->cpu == call->cpu->number) {
        scheduler_switch_to(call->cpu, caller);
    }
    return KOZO_OK;
}

enum kozo_error endpoint_verify_call(struct call *call)
{
    const struct slot *slot = lookup(call->caller, call->argument[0]);
    if (slot == nullptr) {
        return KOZO_BAD_HANDLE;
    }

    bool same = slot->type == KOZO_TYPE_ENDPOINT && slot->object == call->slot->object;
    struct lease_terms terms = lease_terms(slot);
    call->argument[0] = same;
    call->argument[1] = same ? slot->value : 0;
    call->argument[2] = same ? slot->rights : 0;
    call->argument[3] = same ? terms.deadline : 0;
    call->argument[4] = same ? terms.uses : 0;
    return KOZO_OK;
}
