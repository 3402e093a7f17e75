// SPDX-License-Identifier: MIT
// Notification: a word of signal bits.
//
// A signal goes to the first thread that waits on it; else to the bound thread, when that is
// receiving; else its bits are kept. So bits are kept only while nobody waits.
//
// Invariant N1: `bits` is 0 while the queue is not empty, and while the bound thread is RECEIVING.
#pragma once

#include "object/endpoint.h"

constexpr unsigned NOTIFICATION_BITS = 7;

struct notification {
    struct waitable waitable;
    uint64_t bits;
    link_t bound; // thread
};
static_assert(sizeof(struct notification) <= 1u << NOTIFICATION_BITS);

static inline struct notification *notification_of(const struct slot *capability)
{
    return link_known(capability->object);
}

[[nodiscard]] bool notification_at_rest(const struct object *object);
[[nodiscard]] bool notification_reap(struct cpu *cpu, struct object *object);

// Sets the bits of a badge (bit 0 for none), or hands them to who waits.
void notification_signal(struct cpu *cpu, struct notification *notification, uint64_t badge);

// Takes the bits of the thread's bound notification as a received message. False when there are
// none.
bool notification_take_bound(struct thread *receiver);

// BAD_STATE when either is bound already, when somebody waits, or when the thread is receiving.
enum kozo_error notification_bind(struct notification *notification, struct thread *thread);
void notification_unbind(struct thread *thread);

// For an object that signals: puts the Notification that argument 0 names, or nothing for 0, into
// its slot. The end of a call.
enum kozo_error notification_fill_slot(struct call *call, struct slot *slot);

// Takes the bits that are kept.
static inline uint64_t notification_take(struct notification *notification)
{
    uint64_t bits = notification->bits;

    notification->bits = 0;
    return bits;
}

// A wait of the caller where no bits are kept, in all cases; ipc/fast.c takes those that are common before.
[[gnu::noinline]] enum kozo_error notification_wait_generally(struct call *call);

enum kozo_error notification_signal_call(struct call *call);
enum kozo_error notification_wait_call(struct call *call);
enum kozo_error notification_poll_call(struct call *call);
