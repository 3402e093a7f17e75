// SPDX-License-Identifier: MIT
// Who runs next, and for how long.
//
// Within a priority threads take turns, each of its SchedContext's budget. A thread that becomes
// ready while one of lower priority runs takes over at the end of the entry into the kernel.
#pragma once

#include "sched/cpu.h"

struct thread;

// In all of these `cpu` is the processor that does it; a thread's ready list is that of the
// processor whose time it uses.

// Puts a READY thread that has time into its ready list, last or (after an interruption) first.
// Does nothing for one that can't run or is current. Another processor is told if the thread is to
// take over there.
void scheduler_add(struct cpu *cpu, struct thread *thread);
void scheduler_add_first(struct cpu *cpu, struct thread *thread);

// Whether somebody of a higher priority is ready.
[[nodiscard]] bool scheduler_is_above(const struct cpu *cpu, unsigned priority);

// Takes a thread out of its ready list, if it is in it, or off another processor, if it runs there:
// it is current nowhere else. Call before anything changes that decides on T1.
void scheduler_remove(struct cpu *cpu, struct thread *thread);

// The current thread goes to the end of its priority's queue.
void scheduler_yield(struct cpu *cpu);

// Lets `next` run in place of the current thread, which has just begun to wait. Both must be
// settled.
void scheduler_switch_to(struct cpu *cpu, struct thread *next);

// The timer fired: ends the turn of a thread that used it up.
void scheduler_tick(struct cpu *cpu);

// Settles who runs, at the end of each entry: the thread to resume, with its address space current
// and the timer set; null for nobody.
struct thread *scheduler_choose(struct cpu *cpu);

// A new choice is due at the end of this entry. To be called by whatever makes somebody of a higher
// priority ready, ends that the current thread can run, or changes its SchedContext, address space
// or budget.
static inline void scheduler_disturb(struct cpu *cpu)
{
    cpu->pending |= PENDING_CHOICE;
}

// The same, by what happens to a thread, if that is the current one.
static inline void scheduler_disturb_by(struct cpu *cpu, const struct thread *thread)
{
    if (cpu->current == thread) {
        scheduler_disturb(cpu);
    }
}

// The same on any processor, at once.
void scheduler_disturb_soon(const struct cpu *cpu, struct cpu *target);

// Charges the SchedContext that `cpu` uses up to now.
void scheduler_charge(struct cpu *cpu);
