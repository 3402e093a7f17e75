// SPDX-License-Identifier: MIT
// What is due at a time of the clock: Timers, and SchedContexts whose budget comes back.
//
// Each processor keeps its own in a heap, earliest first, so that setting and cancelling one takes
// logarithmic time, and sets its hardware timer only when the earliest of all it waits for gets
// earlier.
//
// Invariant K1: an alarm whose node is in a heap is in that of its processor, and the hardware timer
// fires at the earliest or before.
#pragma once

#include "lib/heap.h"
#include "object/object.h"
#include "sched/cpu.h"

// A Timer or a SchedContext begins with this.
struct alarm {
    struct object object;
    struct heap_node node; // key: when it is due, in ticks
    uint8_t cpu;           // that it was set on last
};

constexpr size_t ALARM_NODE = offsetof(struct alarm, node);

// How many are carried out in one entry into the kernel. What is due beyond that comes with the
// next, at once.
constexpr unsigned ALARMS_AT_ONCE = 16;

static inline bool alarm_is_set(const struct alarm *alarm)
{
    return alarm->node.rank != 0;
}

// Sets an alarm of this processor that is not set.
void alarm_set(struct cpu *cpu, struct alarm *alarm, uint64_t deadline);

// Forgets it, if it is set.
void alarm_cancel(struct alarm *alarm);

// Carries out what is due.
void alarm_tick(struct cpu *cpu);

// Makes sure that the hardware timer fires for the earliest.
void alarm_prepare(struct cpu *cpu);

// Slow part of alarm_arm.
[[gnu::noinline]] void alarm_arm_earlier(struct cpu *cpu, uint64_t deadline);

// Makes sure that the hardware timer fires at `deadline` or before.
static inline void alarm_arm(struct cpu *cpu, uint64_t deadline)
{
    if (deadline < cpu->armed) [[clang::unlikely]] {
        alarm_arm_earlier(cpu, deadline);
    }
}
