// SPDX-License-Identifier: MIT
// Timer: a signal at a time of the clock, once or again and again.
//
//             set                        deadline
//   idle ──────────▶ in its processor's ──────────▶ signals; set again if it has a period
//     ▲              heap of alarms                   │
//     └─── cancel, reap ──┴───────────────────────────┘
//
// Without a notification it expires all the same, and only counts. So revoking the Notification
// leaves it running, for the next one that is bound.
#pragma once

#include "sched/alarm.h"

struct call;

constexpr unsigned TIMER_BITS = 8;

constexpr uint64_t TIMER_PERIOD_MIN = 100;       // microseconds
constexpr uint64_t TIMER_PERIOD_MAX = INT64_MAX; // ticks

struct timer {
    struct alarm alarm;
    uint64_t period;  // ticks; 0 for once
    uint64_t expired; // how often
    alignas(KOZO_SLOT_SIZE) struct slot notification;
};
static_assert(sizeof(struct timer) <= 1u << TIMER_BITS);

static inline struct timer *timer_of(const struct slot *capability)
{
    return link_target(capability->object);
}

[[nodiscard]] bool timer_reap(struct cpu *cpu, struct object *object);

// Its deadline has come, and it has left the heap.
void timer_expire(struct cpu *cpu, struct timer *timer, uint64_t deadline, uint64_t now);

enum kozo_error timer_bind_call(struct call *call);
enum kozo_error timer_set_call(struct call *call);
enum kozo_error timer_cancel_call(struct call *call);
enum kozo_error timer_info_call(struct call *call);
