// SPDX-License-Identifier: MIT
// Who waits for whom, as far as the kernel knows.
//
// A thread waits for another one in two ways: its message stands in the queue of an Endpoint that is
// bound to the other one, or its call was received by the other one and is not answered. So a call
// that would close a circle is refused before it waits, and a priority goes along:
//
//     a (high) ──queued──▶ b (low) ──called──▶ c (low)        b and c run at the priority of a
//
// Each thread keeps those that wait for it in a heap, highest priority first. A caller that has lent
// its time to the one who serves it is known by that (`borrower`), and stands in the heap only if its
// priority is above that one's own: so the fast path, which serves all others, has nothing to do
// here, and walks nowhere.
//
// Nobody is known to serve an Endpoint that is bound to nobody, and nobody to end a wait on a
// Notification. Whoever received a call is taken for the one who answers it. A priority goes on only
// to a thread of the same processor.
//
// Invariants
//   W1  A thread's priority is its own, or the highest that those in its heap pass on, if that is higher.
//   W2  A thread is in the heap of the one that `server` names. It is SENDING, to an Endpoint that was bound to that
//       one, or CALLING. Who queues at a bound Endpoint, who has its call received by one that has not got its time, and
//       whose priority is above the other's own, is in the heap.
//   W3  There is no circle.
#pragma once

#include "kozo/abi.h"
#include "lib/heap.h"

struct cpu;
struct endpoint;
struct thread;

// How far a chain of waits is followed.
constexpr unsigned WAITS_MOST = 64;

// Whether the thread may wait in the queue of an Endpoint: OK, DEADLOCK when it would wait for
// itself, or TOO_DEEP. The threads of a circle go to the audit log.
enum kozo_error waits_check(struct cpu *cpu, const struct thread *thread,
                            const struct endpoint *endpoint);

// The thread, SENDING or CALLING, waits for `server` from now on, unless that is known already.
void waits_begin(struct cpu *cpu, struct thread *thread, struct thread *server);

// It does not any more.
void waits_end(struct cpu *cpu, struct thread *thread);

// Sets the thread's own priority, and settles at what priority it and those that it waits for run.
void waits_set_priority(struct cpu *cpu, struct thread *thread, uint8_t priority);
