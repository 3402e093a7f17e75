// SPDX-License-Identifier: MIT
// The fast path: a call to a server that waits, the answer to a caller whose time the server runs on,
// a fault or a foreign system call on its way to a handler and back, and a wait for a signal. The operations
// Endpoint.call, Endpoint.reply_recv and Notification.wait begin here. What can't be done at once is left to the
// general path in object/endpoint.c and object/notification.c, with nothing changed; what is done has the same result,
// which tests compare (ARCH_FAST_PATH).
//
// Each direction is a test without effect, and then a part that can't fail: what the general path
// would have done, in one piece. Nobody is queued who would be taken out again, and nothing is
// looked up twice.
//
// All rely on this: a thread that runs has time, is in no list, and nobody of a higher priority is
// ready. Its SchedContext goes over with the message, so that no clock is read and no timer set; only who waits for a
// signal makes room for somebody else's.
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
#include "sched/turn.h"
#include "syscall/call.h"

// --- Tests --------------------------------------------------------------------------------------

// The root of the address space that a thread waits in, which it then has; 0 when that has no Pool any more.
static inline physical_t root_of(const struct thread *thread)
{
    return ((const struct address_space *)link_known(thread->space.object))->root;
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

// All of a message but its words; gives the info word.
[[gnu::always_inline]] static inline uint64_t carry(const struct thread *from, struct thread *to,
                                                    uint64_t badge)
{
    uint64_t info = from->registers.argument[0];

    to->registers.operation = KOZO_OK;
    to->registers.handle = badge;
    to->registers.argument[0] = info;
    return info;
}

// Leaves the kernel as `to`, which gets the register words of the message: all of them, or none, or
// some, which are copied.
[[gnu::always_inline]] static inline enum kozo_error exit_with(const struct thread *from,
                                                               struct thread *to, uint64_t info)
{
    uint32_t length = is_short(info) ? (uint32_t)info : KOZO_REGISTER_WORDS;

    if (length == 0) {
        return arch_exit_to(to);
    }
    if (ARCH_EXIT_WITH_WORDS && length == KOZO_REGISTER_WORDS) {
        return arch_exit_with_words(to);
    }
    message_carry_words(&from->registers, &to->registers, length);
    return arch_exit_to(to);
}

// Whether others are in the queue as well, which is seldom.
enum queued { ALONE, WITH_OTHERS };

// The first of a queue leaves it.
[[gnu::always_inline]] static inline void leave(struct thread_queue *queue, struct thread *first,
                                                enum queued queued)
{
    link_t next = queued == ALONE ? 0 : first->queue_next;

    if (next == 0) {
        *queue = (struct thread_queue){};
    } else {
        queue->first = next;
        thread_at(next)->queue_previous = 0;
        first->queue_next = 0;
    }
}

// A thread joins a queue at its end.
[[gnu::always_inline]] static inline void join(struct thread_queue *queue, struct thread *thread,
                                               link_t link, enum queued queued)
{
    link_t last = queued == ALONE ? 0 : queue->last;

    if (last == 0) {
        *queue = (struct thread_queue){link, link};
    } else {
        thread_at(last)->queue_next = link;
        thread->queue_previous = last;
        queue->last = link;
    }
}

// The thread is the current one from here on, on the SchedContext that is charged already, in the
// address space of this root.
[[gnu::always_inline]] static inline void turn_to(struct cpu *cpu, struct thread *thread,
                                                  physical_t root)
{
    thread->standing = thread_standing(READY, false);
    cpu->current = thread;
    cpu->call.caller = thread;
    cpu->call.argument = thread->registers.argument;
    arch_space_turn(&cpu->arch, root);
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
    // Its own time, if it has any, is of this processor, and goes unused meanwhile. Nobody is ready
    // of a higher priority than the caller's, so nobody comes before one who is no lower.
    if (receiver->state != RECEIVING || receiver->reply == 0 ||
        receiver->time != receiver->context.object || receiver->cpu != caller->cpu ||
        !time_can_lend(caller) || receiver->own_priority < caller->priority) {
        return (struct taker){};
    }
    physical_t root = root_of(receiver);
    return root == 0 ? (struct taker){} : (struct taker){receiver, root};
}

// The caller waits for an answer, and the receiver has its time.
[[gnu::always_inline]] static inline void lend_to(struct thread *caller, struct thread *receiver,
                                                  struct endpoint *endpoint, enum queued queued)
{
    link_t receiver_link = endpoint->waitable.queue.first;
    link_t parked_link = receiver->time;

    leave(&endpoint->waitable.queue, receiver, queued);
    if (parked_link != 0) {
        struct sched_context *parked = link_known(parked_link);
        parked->user = 0;
    }

    link_t time_link = caller->time;
    receiver->time = time_link;
    struct sched_context *time = link_known(time_link);
    link_t caller_link = time->user;
    time->user = receiver_link;
    receiver->lender = caller_link;
    receiver->depth = (uint8_t)(caller->depth + 1);
    caller->time = 0;
    caller->borrower = receiver_link;

    link_t reply_link = receiver->reply;
    caller->reply = reply_link;
    struct reply *reply = link_known(reply_link);
    reply->thread = caller_link;
    receiver->waiting_on = 0;
    receiver->reply = 0;
    caller->state = CALLING;
}

[[gnu::always_inline]] static inline enum kozo_error
call_deliver(struct call *call, struct taker receiver, enum queued queued)
{
    struct cpu *cpu = call->cpu;
    struct thread *caller = call->caller;
    struct endpoint *endpoint = endpoint_of(call->slot);

    uint64_t info = carry(caller, receiver.thread, call->slot->value);
    lend_to(caller, receiver.thread, endpoint, queued);
    turn_to(cpu, receiver.thread, receiver.root);
    return exit_with(caller, receiver.thread, info);
}

// The same of a message that may be anything, and so is checked first.
[[gnu::noinline]] static enum kozo_error call_with_anything(struct call *call,
                                                            struct thread *receiver)
{
    struct cpu *cpu = call->cpu;
    struct thread *caller = call->caller;

    if (message_check(caller, call->slot->rights) != KOZO_OK) {
        return endpoint_call_generally(call);
    }
    message_carry(caller, receiver, call->slot->value);
    receiver->registers.operation = KOZO_OK;
    extra_switch(cpu, receiver->extra);
    lend_to(caller, receiver, endpoint_of(call->slot), WITH_OTHERS);
    turn_to(cpu, receiver, root_of(receiver));
    return arch_exit_to(receiver);
}

// The same when there is more to carry than registers, or to exchange, or others wait.
[[gnu::noinline]] static enum kozo_error call_with_more(struct call *call, struct thread *receiver)
{
    uint64_t info = call->argument[0];

    if (!is_short(info)) {
        if (!is_plain(info, call->caller, receiver)) {
            return call_with_anything(call, receiver);
        }
        message_carry_buffer(call->caller, receiver, (uint32_t)info);
    }
    extra_switch(call->cpu, receiver->extra);
    return call_deliver(call, (struct taker){receiver, root_of(receiver)}, WITH_OTHERS);
}

enum kozo_error endpoint_call_call(struct call *call)
{
    const struct thread *caller = call->caller;

    struct taker receiver = waiting_receiver(caller, endpoint_of(call->slot));
    if (!ARCH_FAST_PATH || receiver.thread == nullptr) {
        return endpoint_call_generally(call);
    }
    // What is seldom is not inlined, so that the rest needs no frame.
    if (receiver.thread->queue_next != 0 || !is_short(caller->registers.argument[0]) ||
        receiver.thread->extra != call->cpu->extra) [[clang::unlikely]] {
        return call_with_more(call, receiver.thread);
    }
    return call_deliver(call, receiver, ALONE);
}

// --- Faults and foreign system calls ------------------------------------------------------------

// The handler has the thread's time, and is current. All that it gets is there but the message's words.
[[gnu::always_inline]] static inline void tell(struct cpu *cpu, struct thread *thread,
                                               struct taker handler, enum queued queued)
{
    const struct slot *slot = &thread->fault_handler;

    handler.thread->registers.operation = KOZO_OK;
    handler.thread->registers.handle = slot->value;
    thread->faulted = true;
    lend_to(thread, handler.thread, endpoint_of(slot), queued);
    cpu->detour = 0;
    turn_to(cpu, handler.thread, handler.root);
}

struct thread *fast_tell(struct cpu *cpu, struct thread *thread)
{
    const struct slot *slot = &thread->fault_handler;

    if (!ARCH_FAST_PATH || slot->object == 0) {
        return nullptr;
    }
    struct taker handler = waiting_receiver(thread, endpoint_of(slot));
    if (handler.thread == nullptr) {
        return nullptr;
    }

    message_carry_fault(thread, handler.thread);
    if (extra_may_step_aside(thread, handler.thread)) {
        extra_step_aside(cpu, thread);
    } else {
        extra_switch(cpu, handler.thread->extra);
    }
    tell(cpu, thread, handler, WITH_OTHERS);
    return handler.thread;
}

enum kozo_error fast_foreign_call(struct call *call)
{
    struct cpu *cpu = call->cpu;
    struct thread *thread = call->caller;
    const struct slot *slot = &thread->fault_handler;

    if (!ARCH_FAST_PATH || slot->object == 0 || foreign_enters(thread)) {
        return foreign_call_generally(call);
    }
    struct taker handler = waiting_receiver(thread, endpoint_of(slot));
    if (handler.thread == nullptr || handler.thread->queue_next != 0 ||
        !extra_may_step_aside(thread, handler.thread)) {
        return foreign_call_generally(call);
    }

    thread->fault.kind = KOZO_FAULT_SYSCALL;
    handler.thread->registers.argument[0] = MESSAGE_FOREIGN_CALL;
    extra_step_aside(cpu, thread);
    tell(cpu, thread, handler, ALONE);
    if (ARCH_EXIT_WITH_WORDS) {
        return arch_exit_with_call(handler.thread);
    }
    arch_registers_call(&thread->registers,
                        &handler.thread->registers.argument[MESSAGE_FIRST_WORD]);
    return arch_exit_to(handler.thread);
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

// The caller that can be answered at once, whatever the answer, since the time that the server runs on
// is its own.
[[gnu::always_inline]] static inline struct taker reply_client(const struct call *call)
{
    const struct thread *server = call->caller;
    const struct slot *slot = lookup_near(server, call->argument[1]);

    if (!ARCH_FAST_PATH || slot == nullptr || slot->type != KOZO_TYPE_REPLY) {
        return (struct taker){};
    }
    link_t link = reply_of(slot)->thread;
    if (link == 0 || server->lender != link) {
        return (struct taker){};
    }
    struct thread *client = link_known(link);
    if (client->server != 0 || client->cpu != server->cpu || !may_receive(server, call->slot) ||
        !is_idle(server, endpoint_of(call->slot)) || !runs_next(call->cpu, server, client)) {
        return (struct taker){};
    }
    physical_t root = root_of(client);
    return root == 0 ? (struct taker){} : (struct taker){client, root};
}

// The client has its time back, and the server waits.
[[gnu::always_inline]] static inline void return_to(struct thread *server, link_t endpoint,
                                                    struct thread *client, enum queued queued)
{
    link_t time_link = server->time;
    client->time = time_link;
    struct sched_context *time = link_known(time_link);
    link_t server_link = time->user;
    time->user = server->lender;
    client->borrower = 0;
    server->lender = 0;
    server->depth = 0;

    link_t reply_link = client->reply;
    server->reply = reply_link;
    struct reply *reply = link_known(reply_link);
    reply->thread = server_link;
    client->reply = 0;

    link_t own_link = server->context.object;
    server->time = own_link;
    if (own_link != 0) {
        struct sched_context *own = link_known(own_link);
        own->user = server_link;
        server->cpu = own->cpu;
    }
    server->state = RECEIVING;
    server->waiting_on = endpoint;
    join(&((struct endpoint *)link_known(endpoint))->waitable.queue, server, server_link, queued);
}

[[gnu::always_inline]] static inline enum kozo_error
reply_deliver(struct call *call, struct taker client, enum queued queued)
{
    struct cpu *cpu = call->cpu;
    struct thread *server = call->caller;
    link_t endpoint = call->slot->object;

    uint64_t info = carry(server, client.thread, 0);
    return_to(server, endpoint, client.thread, queued);
    turn_to(cpu, client.thread, client.root);
    return exit_with(server, client.thread, info);
}

// An answer with more to carry than registers, or to exchange, or where others wait.
[[gnu::noinline]] static enum kozo_error reply_with_more(struct call *call, struct thread *client)
{
    uint64_t info = call->argument[0];

    if (client->standing != CALLING) {
        return endpoint_reply_recv_generally(call);
    }
    if (!is_short(info)) {
        if (!is_plain(info, call->caller, client)) {
            return endpoint_reply_recv_generally(call);
        }
        message_carry_buffer(call->caller, client, (uint32_t)info);
    }
    extra_switch(call->cpu, client->extra);
    return reply_deliver(call, (struct taker){client, root_of(client)}, WITH_OTHERS);
}

// The same of an answer that lets a thread go on after its fault or foreign system call.
[[gnu::noinline]] static enum kozo_error let_go_on_with_more(struct call *call,
                                                             struct thread *client)
{
    return_to(call->caller, call->slot->object, client, WITH_OTHERS);
    extra_come_back(call->cpu, client);
    call->cpu->detour = client->foreign;
    turn_to(call->cpu, client, root_of(client));
    return arch_exit_to(client);
}

// The answer to a fault.
[[gnu::noinline]] static enum kozo_error answer_fault(struct call *call, struct taker taker)
{
    struct thread *client = taker.thread;
    struct cpu *cpu = call->cpu;
    const uint64_t *argument = call->argument;
    uint64_t info = argument[0];

    if (client->standing != thread_standing(CALLING, true)) {
        return reply_with_more(call, client);
    }
    if (foreign_is_result(info)) {
        client->registers.operation = argument[MESSAGE_FIRST_WORD];
    } else if (info > KOZO_REGISTER_WORDS) {
        return endpoint_reply_recv_generally(call);
    }
    bool aside = extra_is_aside(cpu, client);
    if (endpoint_of(call->slot)->waitable.queue.last != 0 ||
        (!aside && client->extra != cpu->extra)) {
        return let_go_on_with_more(call, client);
    }
    return_to(call->caller, call->slot->object, client, ALONE);
    if (aside) {
        extra_return(cpu, client);
    }
    cpu->detour = client->foreign;
    turn_to(cpu, client, taker.root);
    return arch_exit_to(client);
}

enum kozo_error endpoint_reply_recv_call(struct call *call)
{
    struct taker client = reply_client(call);

    if (client.thread == nullptr) {
        return endpoint_reply_recv_generally(call);
    }
    if (client.thread->standing != CALLING) {
        return answer_fault(call, client);
    }
    if (endpoint_of(call->slot)->waitable.queue.last != 0 ||
        !is_short(call->caller->registers.argument[0]) || client.thread->extra != call->cpu->extra)
        [[clang::unlikely]] {
        return reply_with_more(call, client.thread);
    }
    return reply_deliver(call, client, ALONE);
}

// --- Waiting for a signal -----------------------------------------------------------------------

// Whoever runs when the current thread waits.
[[gnu::always_inline]] static inline struct taker next_ready(const struct cpu *cpu)
{
    struct thread *next = turn_first(cpu);

    if (next == nullptr || cpu->late.first != 0 || next->extra != cpu->extra ||
        !turn_is_usual(cpu, next)) {
        return (struct taker){};
    }
    physical_t root = thread_root(next);
    return root == 0 ? (struct taker){} : (struct taker){next, root};
}

enum kozo_error notification_wait_call(struct call *call)
{
    struct notification *notification = notification_of(call->slot);
    struct thread *caller = call->caller;
    struct cpu *cpu = call->cpu;

    if (notification->bits != 0) {
        call->argument[0] = notification_take(notification);
        return KOZO_OK;
    }
    struct taker next = next_ready(cpu);
    if (!ARCH_FAST_PATH || next.thread == nullptr) {
        return notification_wait_generally(call);
    }

    caller->state = WAITING;
    caller->waiting_on = call->slot->object;
    join(&notification->waitable.queue, caller, link_of(caller), WITH_OTHERS);
    turn_take(cpu, next.thread);
    turn_charge(cpu, next.thread->time);
    turn_arm(cpu);
    cpu->detour = next.thread->foreign;
    turn_to(cpu, next.thread, next.root);
    return arch_exit_to(next.thread);
}
