// SPDX-License-Identifier: MIT
// What some threads have beside their general registers: extended state, debug registers, and, if
// they are foreign, user time that is counted.
//
// It changes when the processor turns from one thread to another, at once, never by trap: an
// exception would come too late for a processor that reads ahead. A thread without any has
// `extra` 0, as has idle, and turning from one such thread to another costs one comparison.
//
// Invariants
//   X2  A thread's `extra` names itself exactly when it has an ExtendedState, uses debug registers, or is foreign.
//   X3  A processor's `extra` is that of its current thread, 0 when it has none.
#pragma once

#include "sched/cpu.h"

struct thread;

// Slow part of extra_switch.
void extra_change(struct cpu *cpu, link_t extra);

// Makes the extra state of the thread that runs next, or none, the processor's.
static inline void extra_switch(struct cpu *cpu, link_t extra)
{
    if (cpu->extra != extra) {
        extra_change(cpu, extra);
    }
}

// The thread's extra state leaves the processor, if it is there.
void extra_leave(struct cpu *cpu, const struct thread *thread);

// Sets `extra` of a thread, of which the processor has none, after something in X2 changed.
void extra_decide(struct thread *thread);
