// SPDX-License-Identifier: MIT
// Strands: how one thread of linuxd serves many calls of which some wait.
//
// A strand is a stack. The loop receives a message and carries it out on the stack that it stands on
// itself. If that has to wait, the stack stays behind with all that it was about to do, and the loop goes on with
// receiving on another one. So a call that does not wait costs nothing for being able to, and one that does is
// written from top to bottom like any other.
//
// Only waits switch, and nothing runs beside a strand: between two waits everything that is linuxd's own is
// the strand's alone, without a lock. Over a wait it keeps only what it holds a count of.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct strand;
struct thread;

// The thread on whose behalf the calling strand runs; null in the loop.
[[nodiscard]] struct thread *strand_thread(void);

// Why a wait ended.
enum wake : uint8_t {
    WAKE_EVENT,     // somebody woke the queue: look again
    WAKE_TIME,      // the deadline has come
    WAKE_INTERRUPT, // the thread that the strand works for has a signal to take, or is to end
};

// Who waits for one thing. A place in a structure; all zero is an empty queue.
struct wait_queue {
    struct wait *first;
    struct wait *last;
};

// One strand's place in one queue; lives on the strand's stack. A strand may stand in several at once.
struct wait {
    struct wait_queue *queue; // null: in none
    struct strand *strand;
    struct wait *previous;
    struct wait *next;
    // Called in wait_wake instead of making the strand go on, if not null: for epoll, whose places outlive calls.
    void (*notice)(struct wait *wait);
};

constexpr uint64_t NO_DEADLINE = UINT64_MAX;

// Stands in a queue, at its end. Waking comes to the strand that calls this, from now on.
void wait_enter(struct wait *wait, struct wait_queue *queue);

// Leaves the queue; nothing when it is in none.
void wait_leave(struct wait *wait);

// Lets the calling strand wait until a queue that it stands in is woken, the deadline has come (nanoseconds of the
// monotonic clock), or it is interrupted. A wake since wait_enter ends it at once.
[[nodiscard]] enum wake wait_until(uint64_t deadline);

// The same for what a signal must not break off, such as an answer of the file server that is on its way.
[[nodiscard]] enum wake wait_through(uint64_t deadline);

// Stands in one queue, waits, leaves it.
[[nodiscard]] enum wake wait_on(struct wait_queue *queue, uint64_t deadline);

// Wakes all that stand in the queue, or the first `most` of them in order. Gives how many. They run later, from the
// loop; the caller goes on. Who is woken no longer stands in the queue (its `queue` is null), so that the next
// wake comes to another; places with a notice stay, and are not counted.
size_t wait_wake(struct wait_queue *queue, size_t most);
