// SPDX-License-Identifier: MIT
// Time that follows calls.
//
// A server that receives a call runs on the caller's SchedContext. At its next receive the time
// goes home, to the caller, whether or not the call was answered. Lender and borrower know each
// other, so that either may vanish.
//
// A server that calls on lends on, so lenders form chains: the first owns the time, the last uses
// it. A chain has at most TIME_CHAIN_MOST links, so that going along one takes a bounded time.
#pragma once

#include <stdint.h>

struct cpu;
struct sched_context;
struct thread;

constexpr uint8_t TIME_CHAIN_MOST = 64;

// Whether a call of this thread would leave the chain short enough.
bool time_can_lend(const struct thread *caller);

// Whether the caller's time can go to the server: unless that has its own, on another processor.
bool time_is_near(const struct thread *caller, const struct thread *server);

// Lends the caller's time to the server that has just received its call. The server has lent or
// borrowed nothing, and goes on with its own when there is nothing to lend: a timeout fault is told
// of on the handler's own time.
void time_lend(struct cpu *cpu, struct thread *caller, struct thread *server);

// Sends borrowed time home, unless it was lent on; the server goes on with its own, if it has any.
void time_return(struct cpu *cpu, struct thread *server);

// Takes lent time back at once, from whoever uses it now. All that it was lent on to go on with
// their own.
void time_recall(struct cpu *cpu, struct thread *lender);

// Takes a SchedContext away from its user; nobody of the chain has it any more.
void time_vanish(struct cpu *cpu, struct sched_context *context);

// Gives a thread its own time, if it is bound to any, and has neither borrowed nor lent it.
void time_take_own(struct cpu *cpu, struct thread *thread);
