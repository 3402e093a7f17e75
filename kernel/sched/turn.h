// SPDX-License-Identifier: MIT
// Turning from one thread to another where all is as usual: who comes first of those that are ready, and whose time
// is charged from then on. The scheduler's choice does so, and the fast path (ipc/fast.c).
//
// As usual means: the time that was charged, and the time that will be, have no period, so that none of it is used up or
// comes back. All else is left to the long way of scheduler_choose.
#pragma once

#include "object/sched_context.h"
#include "object/thread.h"
#include "sched/alarm.h"

// The first of those that are ready and of the highest priority; null for nobody.
static inline struct thread *turn_first(const struct cpu *cpu)
{
    for (unsigned i = CPU_PRIORITY_WORDS; i > 0; i--) {
        uint64_t word = cpu->ready[i - 1];
        if (word != 0) {
            unsigned bit = 63 - (unsigned)__builtin_clzll(word);
            return link_known(cpu->queue[(i - 1) * 64 + bit].first);
        }
    }
    return nullptr;
}

// It leaves its list.
static inline void turn_take(struct cpu *cpu, struct thread *first)
{
    unsigned priority = first->priority;
    link_t next = first->queue_next;

    first->queued = false;
    if (next == 0) {
        cpu->queue[priority] = (struct thread_queue){};
        cpu->ready[priority / 64] &= ~((uint64_t)1 << priority % 64);
    } else {
        cpu->queue[priority].first = next;
        ((struct thread *)link_known(next))->queue_previous = 0;
        first->queue_next = 0;
    }
}

// Whether the time that is charged now can give way to that of a ready thread with nothing more to do. Not so for time
// that is charged to nobody, or to the same one.
static inline bool turn_is_usual(const struct cpu *cpu, const struct thread *next)
{
    link_t from = cpu->context;
    link_t to = next->time;

    return from != 0 && from != to &&
           (((const struct sched_context *)link_known(from))->period |
            ((const struct sched_context *)link_known(to))->period) == 0;
}

// It does: what was used is charged.
static inline void turn_charge(struct cpu *cpu, link_t to)
{
    struct sched_context *last = link_known(cpu->context);
    uint64_t now = arch_now();

    now = now > cpu->charged ? now : cpu->charged;
    sched_context_use_turn(last, now - cpu->charged);
    cpu->charged = now;
    cpu->context = to;
}

// The timer fires when the turn ends, or earlier.
static inline void turn_arm(struct cpu *cpu)
{
    const struct sched_context *context = link_target(cpu->context);

    if (context != nullptr) {
        alarm_arm(cpu, cpu->charged + (uint64_t)context->left);
    }
}
