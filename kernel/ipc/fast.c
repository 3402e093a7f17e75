// SPDX-License-Identifier: MIT
// The fast path: a call to a server that waits, the answer to a caller whose time the server runs on,
// and a fault or a foreign system call on its way to a handler and back. The operations Endpoint.call
// and Endpoint.reply_recv begin here. What can't be done at once is left to the general path in
// object/endpoint.c, with nothing changed; what is done has the same result, which tests compare
// (ARCH_FAST_PATH).
//
// Each direction is a test without effect, and then a part that can't fail: what the general path
// would have done, in one piece. Nobody is queued who would be taken out again, and nothing is
// looked up twice.
//
// All rely on this: a thread that runs has time, is in no list, and nobody of a higher priority is
// ready. Its SchedContext goes over with the message, so that no clock is read and no timer set.
#include "ipc/fast.h"

#include "cap/lookup.h"
#include "ipc/message.h"
#include "object/address_space.h"
#include "object/endpoint.h"
#include "object/foreign.h"
#include "object/notification.h"
#include "object/reply.h"
#include "object/sched_context.h"
#include "sched/extra.h"
#include "sched/scheduler.h"
#include "sched/time.h"
#include "syscall/call.h"

// --- Tests --------------------------------------------------------------------------------------

// Whoever counts the uses of a Lease has something left to do after the call.
static inline bool is_allowed(const struct call *call)
{
    return ARCH_FAST_PATH && (call->slot->flags & SLOT_LEASED) == 0;
}

// The root of the address space that the thread runs in; 0 when it has none.
static inline physical_t root_of(const struct thread *thread)
{
    link_t space = thread->space.object;

    return space == 0 ? 0 : ((const struct address_space *)link_known(space))->root;
}

// Whether the message is of words alone, and those beyond the registers have a buffer at either
// end.
static inline bool is_plain(uint64_t info, const struct thread *from, const struct thread *to)
{
    return (uint32_t)info <= KOZO_REGISTER_WORDS ||
           ((uint32_t)info <= KOZO_MESSAGE_WORDS && from->buffer.type == KOZO_TYPE_FRAME &&
            to->buffer.type == KOZO_TYPE_FRAME);
}

static inline bool is_long(uint64_t info)
{
    return (uint32_t)info > KOZO_REGISTER_WORDS;
}

// --- Parts that can't fail ----------------------------------------------------------------------

static inline void carry(const struct thread *from, struct thread *to, uint64_t badge)
{
    uint64_t info = from->registers.argument[0];

    to->registers.operation = KOZO_OK;
    to->registers.handle = badge;
    to->registers.argument[0] = info;
    message_carry_words(&from->registers, &to->registers, (uint32_t)info);
}

// The first of a queue leaves it.
static inline void leave(struct thread_queue *queue, struct thread *first)
{
    link_t next = first->queue_next;

    queue->first = next;
    if (next == 0) {
        queue->last = 0;
    } else {
        thread_at(next)->queue_previous = 0;
        first->queue_next = 0;
    }
}

// A thread joins a queue at its end.
static inline void join(struct thread_queue *queue, struct thread *thread, link_t link)
{
    if (queue->first == 0) {
        queue->first = link;
    } else {
        thread_at(queue->last)->queue_next = link;
        thread->queue_previous = queue->last;
    }
    queue->last = link;
}

// The thread is the current one from here on, on the SchedContext that is charged already.
static inline void turn_to(struct cpu *cpu, struct thread *thread)
{
    thread->state = READY;
    cpu->current = thread;
    cpu->call.caller = thread;
    cpu->call.argument = thread->registers.argument;
    arch_space_activate(root_of(thread));
}

// --- Call ---------------------------------------------------------------------------------------

// The receiver that a call can go to at once, whatever the message; null when there is none.
static inline struct thread *waiting_receiver(const struct thread *caller,
                                              const struct endpoint *endpoint)
{
    link_t first = endpoint->waitable.queue.first;

    if (first == 0) {
        return nullptr;
    }
    struct thread *receiver = link_known(first);
    // Its own time, if it has any, is of this processor, and goes unused meanwhile. Nobody is ready
    // of a higher priority than the caller's, so nobody comes before one who is no lower.
    bool good = receiver->state == RECEIVING && receiver->reply != 0 &&
                receiver->time == receiver->context.object && receiver->cpu == caller->cpu &&
                time_can_lend(caller) && receiver->own_priority >= caller->priority &&
                root_of(receiver) != 0;
    return good ? receiver : nullptr;
}

// The caller waits for an answer, and the receiver has its time.
[[gnu::always_inline]] static inline void lend_to(struct thread *caller, struct thread *receiver,
                                                  struct endpoint *endpoint)
{
    struct sched_context *time = link_known(caller->time);
    struct reply *reply = link_known(receiver->reply);
    link_t receiver_link = endpoint->waitable.queue.first;
    link_t caller_link = time->user;

    leave(&endpoint->waitable.queue, receiver);
    receiver->waiting_on = 0;

    reply->thread = caller_link;
    caller->reply = receiver->reply;
    receiver->reply = 0;

    if (receiver->time != 0) {
        ((struct sched_context *)link_known(receiver->time))->user = 0;
    }
    time->user = receiver_link;
    receiver->time = caller->time;
    receiver->lender = caller_link;
    receiver->depth = (uint8_t)(caller->depth + 1);
    caller->borrower = receiver_link;
    caller->time = 0;
    caller->state = CALLING;
}

[[gnu::always_inline]] static inline enum kozo_error call_deliver(struct call *call,
                                                                  struct thread *receiver)
{
    struct thread *caller = call->caller;

    carry(caller, receiver, call->slot->value);
    lend_to(caller, receiver, endpoint_of(call->slot));
    extra_switch(call->cpu, receiver->extra);
    turn_to(call->cpu, receiver);
    return arch_exit_to(receiver);
}

[[gnu::noinline]] static enum kozo_error call_deliver_long(struct call *call,
                                                           struct thread *receiver)
{
    message_carry_buffer(call->caller, receiver, (uint32_t)call->argument[0]);
    return call_deliver(call, receiver);
}

enum kozo_error endpoint_call_call(struct call *call)
{
    const struct thread *caller = call->caller;
    struct thread *receiver =
        is_allowed(call) ? waiting_receiver(caller, endpoint_of(call->slot)) : nullptr;

    if (receiver == nullptr || !is_plain(caller->registers.argument[0], caller, receiver)) {
        return endpoint_call_generally(call);
    }
    return is_long(caller->registers.argument[0]) ? call_deliver_long(call, receiver)
                                                  : call_deliver(call, receiver);
}

// --- Faults and foreign system calls ------------------------------------------------------------

struct thread *fast_tell(struct cpu *cpu, struct thread *thread)
{
    const struct slot *handler = &thread->fault_handler;
    struct thread *receiver = nullptr;

    if (ARCH_FAST_PATH && handler->object != 0) {
        receiver = waiting_receiver(thread, endpoint_of(handler));
    }
    if (receiver == nullptr) {
        return nullptr;
    }

    message_carry_fault(thread, receiver);
    receiver->registers.operation = KOZO_OK;
    receiver->registers.handle = handler->value;
    thread->faulted = true;
    lend_to(thread, receiver, endpoint_of(handler));
    if (thread->extra != 0 && receiver->extra == 0) {
        extra_step_aside(cpu, thread);
    } else {
        extra_switch(cpu, receiver->extra);
    }
    cpu->detour = 0;
    turn_to(cpu, receiver);
    return receiver;
}

// --- Reply and receive --------------------------------------------------------------------------

// Nobody else receives on an Endpoint that is bound.
static inline bool may_receive(const struct thread *server, const struct slot *slot)
{
    return endpoint_of(slot)->bound == 0 || server->endpoint == slot->object;
}

// Whether the server will wait: neither a signal nor a sender is there for it.
static inline bool is_idle(const struct thread *server, const struct endpoint *endpoint)
{
    link_t first = endpoint->waitable.queue.first;
    link_t bound = server->notification;

    return (bound == 0 || ((const struct notification *)link_known(bound))->bits == 0) &&
           (first == 0 || ((const struct thread *)link_known(first))->state == RECEIVING);
}

// Whether nobody is ready who would run before the client.
static inline bool runs_next(const struct cpu *cpu, const struct thread *server,
                             const struct thread *client)
{
    return client->priority >= server->priority || !scheduler_is_above(cpu, client->priority);
}

// Whether the answer to a fault lets the thread go on at once.
static inline bool goes_on(const struct thread *client, uint64_t info)
{
    return (uint32_t)info <= KOZO_REGISTER_WORDS && !client->interrupt &&
           (foreign_is_result(info) || info >> 32 == KOZO_ANSWER_RESUME);
}

// The caller that can be answered at once, since the time that the server runs on is its own; null
// when the general path has to be taken.
static inline struct thread *reply_client(const struct call *call)
{
    const struct thread *server = call->caller;
    const struct slot *slot = lookup_near(server, call->argument[1]);

    if (!is_allowed(call) || slot == nullptr || slot->type != KOZO_TYPE_REPLY) {
        return nullptr;
    }
    link_t link = reply_of(slot)->thread;
    if (link == 0 || server->lender != link) {
        return nullptr;
    }
    struct thread *client = link_known(link);
    uint64_t info = server->registers.argument[0];
    bool good = client->state == CALLING && client->server == 0 && client->cpu == server->cpu &&
                may_receive(server, call->slot) && is_idle(server, endpoint_of(call->slot)) &&
                runs_next(call->cpu, server, client) && root_of(client) != 0 &&
                (client->faulted ? goes_on(client, info) : is_plain(info, server, client));
    return good ? client : nullptr;
}

// The client has its time back, and the server waits.
[[gnu::always_inline]] static inline void return_to(struct call *call, struct thread *client)
{
    struct thread *server = call->caller;
    struct sched_context *time = link_known(server->time);
    struct reply *reply = link_known(client->reply);
    link_t server_link = time->user;
    link_t own = server->context.object;

    reply->thread = server_link;
    server->reply = client->reply;
    client->reply = 0;

    time->user = server->lender;
    client->time = server->time;
    client->borrower = 0;
    server->lender = 0;
    server->depth = 0;
    server->time = own;
    if (own != 0) {
        struct sched_context *parked = link_known(own);
        parked->user = server_link;
        server->cpu = parked->cpu;
    }

    server->state = RECEIVING;
    server->waiting_on = call->slot->object;
    join(&endpoint_of(call->slot)->waitable.queue, server, server_link);
}

[[gnu::always_inline]] static inline enum kozo_error reply_deliver(struct call *call,
                                                                   struct thread *client)
{
    carry(call->caller, client, 0);
    return_to(call, client);
    extra_switch(call->cpu, client->extra);
    turn_to(call->cpu, client);
    return arch_exit_to(client);
}

[[gnu::noinline]] static enum kozo_error reply_deliver_long(struct call *call,
                                                            struct thread *client)
{
    message_carry_buffer(call->caller, client, (uint32_t)call->argument[0]);
    return reply_deliver(call, client);
}

[[gnu::noinline]] static enum kozo_error fault_deliver(struct call *call, struct thread *client)
{
    const uint64_t *argument = call->argument;

    if (foreign_is_result(argument[0])) {
        client->registers.operation = argument[MESSAGE_FIRST_WORD];
    }
    client->faulted = false;
    return_to(call, client);
    extra_come_back(call->cpu, client);
    call->cpu->detour = client->foreign ? DETOUR_FOREIGN : 0;
    turn_to(call->cpu, client);
    return arch_exit_to(client);
}

enum kozo_error endpoint_reply_recv_call(struct call *call)
{
    struct thread *client = reply_client(call);

    if (client == nullptr) {
        return endpoint_reply_recv_generally(call);
    }
    if (client->faulted) {
        return fault_deliver(call, client);
    }
    return is_long(call->caller->registers.argument[0]) ? reply_deliver_long(call, client)
                                                        : reply_deliver(call, client);
}
