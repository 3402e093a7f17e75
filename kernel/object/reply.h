// SPDX-License-Identifier: MIT
// Reply: the obligation to answer one call.
//
//            reply_offer                  reply_hold
//   empty ───────────────▶ offered by ───────────────▶ holds a caller
//     ▲                    a receiver                     │
//     └──── reply_forget ─────┴──── reply_answer, reap ───┘
//
// `thread` is 0, the receiver that waits with it (RECEIVING, or on its way there), or the caller
// (CALLING); that thread's `reply` names the Reply.
#pragma once

#include "object/object.h"

struct call;
struct thread;

constexpr unsigned REPLY_BITS = 7;

struct reply {
    struct object object;
    link_t thread;
};
static_assert(sizeof(struct reply) <= 1u << REPLY_BITS);

static inline struct reply *reply_of(const struct slot *capability)
{
    return link_known(capability->object);
}

[[nodiscard]] bool reply_at_rest(const struct object *object);

// A caller that is held is told NO_REPLY.
[[nodiscard]] bool reply_reap(struct cpu *cpu, struct object *object);

// The caller that is held; null when the Reply is empty or merely offered.
struct thread *reply_caller(const struct reply *reply);

// The receiver will take a call with this Reply, which must be empty; null offers none.
void reply_offer(struct reply *reply, struct thread *receiver);

// The Reply that the receiver offered now holds the caller. False when it offered none.
bool reply_hold(struct thread *receiver, struct thread *caller);

// Cuts whatever ties the thread to a Reply.
void reply_forget(struct thread *thread);

// Carries the checked message of `server` to the caller that the Reply holds, and wakes it.
void reply_answer(struct cpu *cpu, struct thread *server, struct reply *reply);

enum kozo_error reply_reply_call(struct call *call);
