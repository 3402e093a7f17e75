// SPDX-License-Identifier: MIT
// Endpoint: where messages meet.
//
// Its queue holds senders or receivers, never both, since a meeting takes place as soon as there is
// one of each.
//
// It may be bound to the one thread that receives on it. Then it is known for whom those in its queue
// wait (sched/waits.h).
//
// Invariants
//   E1  All threads in the queue are SENDING, or all are RECEIVING.
//   E2  An Endpoint and the thread that it is bound to name each other; nobody else is RECEIVING on it.
#pragma once

#include "object/object.h"
#include "sched/queue.h"

struct call;
struct thread;

constexpr unsigned ENDPOINT_BITS = 7;

// What threads can wait on: an Endpoint or a Notification begins with this.
struct waitable {
    struct object object;
    struct thread_queue queue;
};

struct endpoint {
    struct waitable waitable;
    link_t bound; // the thread that alone receives on it
};
static_assert(sizeof(struct endpoint) <= 1u << ENDPOINT_BITS);

static inline struct endpoint *endpoint_of(const struct slot *capability)
{
    return link_known(capability->object);
}

[[nodiscard]] bool endpoint_at_rest(const struct object *object);

// Wakes one waiter with CANCELLED at each step.
[[nodiscard]] bool endpoint_reap(struct cpu *cpu, struct object *object);

// Wakes the first waiter with CANCELLED; true when nobody waits any more.
[[nodiscard]] bool waitable_empty(struct cpu *cpu, struct waitable *waitable);

// A thread whose message was checked or which is `faulted` calls: its message is delivered, or it
// waits. NO_REPLY when the receiver has no Reply for it; DEADLOCK or TOO_DEEP when it can't wait, and
// nothing has changed.
enum kozo_error endpoint_call(struct cpu *cpu, struct thread *caller, struct endpoint *endpoint,
                              uint64_t badge);

// Binds an Endpoint that nobody waits at to a thread that has none: else BAD_STATE.
enum kozo_error endpoint_bind(struct endpoint *endpoint, struct thread *thread);

// Cuts what binds the thread to an Endpoint.
void endpoint_unbind(struct thread *thread);

// call and reply_recv in all cases; ipc/fast.c takes those that are common before.
[[gnu::noinline]] enum kozo_error endpoint_call_generally(struct call *call);
[[gnu::noinline]] enum kozo_error endpoint_reply_recv_generally(struct call *call);

enum kozo_error endpoint_call_call(struct call *call);
enum kozo_error endpoint_send_call(struct call *call);
enum kozo_error endpoint_try_send_call(struct call *call);
enum kozo_error endpoint_recv_call(struct call *call);
enum kozo_error endpoint_try_recv_call(struct call *call);
enum kozo_error endpoint_reply_recv_call(struct call *call);
enum kozo_error endpoint_verify_call(struct call *call);
