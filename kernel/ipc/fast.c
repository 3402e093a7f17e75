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

// Whether the message is of words in registers alone.
static inline bool is_short(uint64_t info)
{
    return (uint32_t)info <= KOZO_REGISTER_WORDS;
}

// Whether it is of words alone, and there are buffers for those beyond the registers.
static inline bool is_plain(uint64_t info, const struct thread *from, const struct thread *to)
{
    return (uint32_t)info <= KOZO_MESSAGE_WORDS && from->buffer.type == KOZO_TYPE_FRAME &&
           to->buffer.type == KOZO_TYPE_FRAME;
}

// --- Parts that can't fail ----------------------------------------------------------------------

[[gnu::always_inline]] static inline void carry(const struct thread *from, struct thread *to,
                                                uint64_t badge)
{
    uint64_t info = from->registers.argument[0];

    to->registers.operation = KOZO_OK;
    to->registers.handle = badge;
    to->registers.argument[0] = info;
    message_carry_words(&from->registers, &to->registers, (uint32_t)info);
}

// The first of a queue leaves it.
[[gnu::always_inline]] static inline void leave(struct thread_queue *queue, struct thread *first)
{
    link_t next = first->queue_next;

    if (next == 0) {
        *queue = (struct thread_queue){};
        return;
    }
    queue->first = next;
    thread_at(next)->queue_previous = 0;
    first->queue_next = 0;
}

// A thread joins a queue at its end.
[[gnu::always_inline]] static inline void join(struct thread_queue *queue, struct thread *thread,
                                               link_t link)
{
    link_t last = queue->last;

    if (last == 0) {
        *queue = (struct thread_queue){link, link};
        return;
    }
    thread_at(last)->queue_next = link;
    thread->queue_previous = last;
    queue->last = link;
}

// The thread is the current one from here on, on the SchedContext that is charged already, in the
// address space of this root.
[[gnu::always_inline]] static inline void turn_to(struct cpu *cpu, struct thread *thread,
                                                  physical_t root)
{
    thread->state = READY;
    cpu->current = thread;
    cpu->call.caller = thread;
    cpu->call.argument = thread->registers.argument;
    arch_space_activate(root);
}

// --- Call ---------------------------------------------------------------------------------------

// Whoever takes a message at once; null when the general path has to be taken.
struct taker {
    struct thread *thread;
    physical_t root; // of its address space
};

// The receiver that a call can go to, whatever the message.
[[gnu::always_inline]] static inline struct taker waiting_receiver(const struct thread *caller,
                                                                   const struct endpoint *endpoint)
{
    link_t first = endpoint->waitable.queue.first;

    if (first == 0) {
        return (struct taker){};
    }
    struct thread *receiver = link_known(first);
    physical_t root = root_of(receiver);
    // Its own time, if it has any, is of this processor, and goes unused meanwhile. Nobody is ready
    // of a higher priority than the caller's, so nobody comes before one who is no lower.
    bool good = receiver->state == RECEIVING && receiver->reply != 0 &&
                receiver->time == receiver->context.object && receiver->cpu == caller->cpu &&
                time_can_lend(caller) && receiver->own_priority >= caller->priority && root != 0;
    return (struct taker){good ? receiver : nullptr, root};
}

// The caller waits for an answer, and the receiver has its time.
[[gnu::always_inline]] static inline void lend_to(struct thread *caller, struct thread *receiver,
                                                  struct endpoint *endpoint)
{
    link_t receiver_link = endpoint->waitable.queue.first;
    link_t reply_link = receiver->reply;
    link_t time_link = caller->time;
    link_t parked_link = receiver->time;
    struct sched_context *time = link_known(time_link);
    struct reply *reply = link_known(reply_link);
    link_t caller_link = time->user;

    leave(&endpoint->waitable.queue, receiver);
    reply->thread = caller_link;
    if (parked_link != 0) {
        struct sched_context *parked = link_known(parked_link);
        parked->user = 0;
    }
    time->user = receiver_link;

    receiver->waiting_on = 0;
    receiver->reply = 0;
    receiver->time = time_link;
    receiver->lender = caller_link;
    receiver->depth = (uint8_t)(caller->depth + 1);

    caller->reply = reply_link;
    caller->time = 0;
    caller->borrower = receiver_link;
    caller->state = CALLING;
}

[[gnu::always_inline]] static inline enum kozo_error call_deliver(struct call *call,
                                                                  struct taker receiver)
{
    struct cpu *cpu = call->cpu;
    struct thread *caller = call->caller;
    const struct slot *slot = call->slot;

    carry(caller, receiver.thread, slot->value);
    lend_to(caller, receiver.thread, endpoint_of(slot));
    turn_to(cpu, receiver.thread, receiver.root);
    return arch_exit_to(receiver.thread);
}

// The same when there is more to carry than registers, or to exchange.
[[gnu::noinline]] static enum kozo_error call_with_more(struct call *call, struct thread *receiver)
{
    uint64_t info = call->argument[0];

    if (!is_short(info)) {
        if (!is_plain(info, call->caller, receiver)) {
            return endpoint_call_generally(call);
        }
        message_carry_buffer(call->caller, receiver, (uint32_t)info);
    }
    extra_switch(call->cpu, receiver->extra);
    return call_deliver(call, (struct taker){receiver, root_of(receiver)});
}

enum kozo_error endpoint_call_call(struct call *call)
{
    const struct thread *caller = call->caller;

    if (!is_allowed(call)) {
        return endpoint_call_generally(call);
    }
    struct taker receiver = waiting_receiver(caller, endpoint_of(call->slot));
    if (receiver.thread == nullptr) {
        return endpoint_call_generally(call);
    }
    if (!is_short(caller->registers.argument[0]) || receiver.thread->extra != call->cpu->extra) {
        return call_with_more(call, receiver.thread);
    }
    return call_deliver(call, receiver);
}

// --- Faults and foreign system calls ------------------------------------------------------------

struct thread *fast_tell(struct cpu *cpu, struct thread *thread)
{
    const struct slot *handler = &thread->fault_handler;

    if (!ARCH_FAST_PATH || handler->object == 0) {
        return nullptr;
    }
    struct taker taker = waiting_receiver(thread, endpoint_of(handler));
    struct thread *receiver = taker.thread;
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
    turn_to(cpu, receiver, taker.root);
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

// The caller that can be answered at once, whatever the answer, since the time that the server runs on
// is its own.
[[gnu::always_inline]] static inline struct taker reply_client(const struct call *call)
{
    const struct thread *server = call->caller;
    const struct slot *slot = lookup_near(server, call->argument[1]);

    if (!is_allowed(call) || slot == nullptr || slot->type != KOZO_TYPE_REPLY) {
        return (struct taker){};
    }
    link_t link = reply_of(slot)->thread;
    if (link == 0 || server->lender != link) {
        return (struct taker){};
    }
    struct thread *client = link_known(link);
    physical_t root = root_of(client);
    bool good = client->state == CALLING && client->server == 0 && client->cpu == server->cpu &&
                may_receive(server, call->slot) && is_idle(server, endpoint_of(call->slot)) &&
                runs_next(call->cpu, server, client) && root != 0;
    return (struct taker){good ? client : nullptr, root};
}

// The client has its time back, and the server waits.
[[gnu::always_inline]] static inline void return_to(struct call *call, struct thread *client)
{
    struct thread *server = call->caller;
    const struct slot *slot = call->slot;
    link_t time_link = server->time;
    link_t reply_link = client->reply;
    link_t own_link = server->context.object;
    link_t client_link = server->lender;
    struct sched_context *time = link_known(time_link);
    struct reply *reply = link_known(reply_link);
    link_t server_link = time->user;

    reply->thread = server_link;
    time->user = client_link;
    client->reply = 0;
    client->time = time_link;
    client->borrower = 0;

    server->reply = reply_link;
    server->lender = 0;
    server->depth = 0;
    server->time = own_link;
    if (own_link != 0) {
        struct sched_context *own = link_known(own_link);
        own->user = server_link;
        server->cpu = own->cpu;
    }
    server->state = RECEIVING;
    server->waiting_on = slot->object;
    join(&endpoint_of(slot)->waitable.queue, server, server_link);
}

[[gnu::always_inline]] static inline enum kozo_error reply_deliver(struct call *call,
                                                                   struct taker client)
{
    carry(call->caller, client.thread, 0);
    return_to(call, client.thread);
    turn_to(call->cpu, client.thread, client.root);
    return arch_exit_to(client.thread);
}

// The answer to a fault.
[[gnu::noinline]] static enum kozo_error fault_deliver(struct call *call, struct thread *client)
{
    const uint64_t *argument = call->argument;
    uint64_t info = argument[0];

    if (!goes_on(client, info)) {
        return endpoint_reply_recv_generally(call);
    }
    if (foreign_is_result(info)) {
        client->registers.operation = argument[MESSAGE_FIRST_WORD];
    }
    client->faulted = false;
    return_to(call, client);
    extra_come_back(call->cpu, client);
    call->cpu->detour = client->foreign ? DETOUR_FOREIGN : 0;
    turn_to(call->cpu, client, root_of(client));
    return arch_exit_to(client);
}

// An answer with more to carry than registers, or to exchange.
[[gnu::noinline]] static enum kozo_error reply_with_more(struct call *call, struct thread *client)
{
    uint64_t info = call->argument[0];

    if (client->faulted) {
        return fault_deliver(call, client);
    }
    if (!is_short(info)) {
        if (!is_plain(info, call->caller, client)) {
            return endpoint_reply_recv_generally(call);
        }
        message_carry_buffer(call->caller, client, (uint32_t)info);
    }
    extra_switch(call->cpu, client->extra);
    return reply_deliver(call, (struct taker){client, root_of(client)});
}

enum kozo_error endpoint_reply_recv_call(struct call *call)
{
    struct taker client = reply_client(call);

    if (client.thread == nullptr) {
        return endpoint_reply_recv_generally(call);
    }
    if (client.thread->faulted || !is_short(call->caller->registers.argument[0]) ||
        client.thread->extra != call->cpu->extra) {
        return reply_with_more(call, client.thread);
    }
    return reply_deliver(call, client);
}
