// SPDX-License-Identifier: MIT
// What some threads have beside their general registers: extended state, debug registers, and, if
// they are foreign, user time that is counted.
//
// It changes when the processor turns from one thread to another, at once, never by trap: an
// exception would come too late for a processor that reads ahead. A thread without any has
// `extra` 0, as has idle, and turning from one such thread to another costs one comparison.
//
// There is one exception. When a thread's system call or fault goes to its fault handler by the fast
// path, the thread merely steps aside: its extended state stays in the processor, where the handler
// can't touch it, until the thread is back or anybody else is chosen to run. The handler is one who
// may read that state, by Thread.read_state or by what it answers for; see docs/security.md. This
// happens only while one processor runs, so that nobody on another one can want the state.
//
// Invariants
//   X2  A thread's `extra` names itself exactly when it has an ExtendedState, uses debug registers, or is foreign.
//   X3  A processor's `extra` is that of its current thread, 0 when it has none; or it is that of a thread that has
//       stepped aside, with EXTRA_ASIDE, while a thread without any is current.
#pragma once

#include "kernel.h"
#include "object/thread.h"

constexpr link_t EXTRA_ASIDE = 1; // links to threads have this bit clear
static_assert(THREAD_BITS > LINK_UNIT_BITS);

// Slow part of extra_switch.
[[gnu::noinline]] void extra_change(struct cpu *cpu, link_t extra);

// Makes the extra state of the thread that runs next, or none, the processor's.
static inline void extra_switch(struct cpu *cpu, link_t extra)
{
    if (cpu->extra != extra) {
        extra_change(cpu, extra);
    }
}

// Whether a thread that something is to be told of may step aside for its handler.
static inline bool extra_may_step_aside(const struct thread *thread, const struct thread *handler)
{
    return thread->extra != 0 && handler->extra == 0 && kernel.processors == 1 &&
           !arch_debug_in_use(&thread->registers);
}

// The current thread is about to be replaced by its handler.
static inline void extra_step_aside(struct cpu *cpu, struct thread *thread)
{
    thread->user_time += arch_now() - cpu->extra_since;
    if (thread->extended != 0) {
        arch_extended_hide();
    }
    cpu->extra = thread->extra | EXTRA_ASIDE;
}

static inline bool extra_is_aside(const struct cpu *cpu, const struct thread *thread)
{
    return cpu->extra == (thread->extra | EXTRA_ASIDE);
}

// The thread that has stepped aside is about to run again.
static inline void extra_return(struct cpu *cpu, const struct thread *thread)
{
    if (thread->extended != 0) {
        arch_extended_show();
    }
    cpu->extra = thread->extra;
    cpu->extra_since = arch_now();
}

// The same of one that may have.
static inline void extra_come_back(struct cpu *cpu, const struct thread *thread)
{
    if (extra_is_aside(cpu, thread)) {
        extra_return(cpu, thread);
    } else {
        extra_switch(cpu, thread->extra);
    }
}

// The thread's extra state leaves the processor, if it is there.
void extra_leave(struct cpu *cpu, const struct thread *thread);

// Sets `extra` of a thread, of which the processor has none, after something in X2 changed.
void extra_decide(struct thread *thread);
