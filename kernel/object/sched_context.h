// SPDX-License-Identifier: MIT
// SchedContext: a share of one processor's time.
//
// It belongs to the processor whose SchedControl configured it, and to at most one thread (the one
// whose `context` slot holds it), and is used by at most one (`user`): its owner, or the server at
// the end of the chain of calls that the owner made.
//
// Without a period its budget is a turn: when it is used up, the others of the same priority have
// theirs. With a period it is a limit, too. What was used from a moment on comes back one period
// after that moment, never earlier, so that no window of a period's length holds more than the
// budget, however the use is spread. What can't be, since the kernel notices that a budget is used
// up only when it is entered, is paid for: the excess is taken from what comes back next.
//
//               left <= 0 when charged
//   has budget ────────────────────────▶ spent: its alarm is set to the first refill
//       ▲                                  │
//       └──── the refill makes left > 0 ───┘
//
// Invariants
//   B1  With a period, left and all refills add up to the budget; the refills are in the order of time.
//   B2  The alarm is set exactly when the SchedContext is spent; it is then set to the first refill, and left <= 0.
#pragma once

#include "sched/alarm.h"

struct call;
struct thread;

constexpr unsigned SCHED_CONTEXT_BITS = 8;

// Microseconds of one turn, and what init starts with.
constexpr uint64_t BUDGET_MIN = 100;
constexpr uint64_t BUDGET_MAX = 1'000'000;
constexpr uint64_t BUDGET_DEFAULT = 5'000;
constexpr uint64_t PERIOD_MAX = 10'000'000;

// Uses that were not in one go come back one by one, up to this many; those beyond that come back
// together with the next.
constexpr unsigned REFILLS = 5;

struct refill {
    uint64_t at; // ticks of the clock
    int64_t amount;
};

struct sched_context {
    struct alarm alarm;
    link_t owner, user; // threads
    uint64_t budget;    // ticks of one turn, or of a period; 0 until configured
    uint64_t period;    // ticks; 0 for none
    int64_t left;       // ticks of the present turn; less than 0 is owed
    uint64_t consumed;  // ticks in all
    uint64_t until;     // up to when it was charged last

    uint8_t refills;
    bool told; // the one who used it up, borrowed, had its timeout fault
    struct refill refill[REFILLS];

    uint8_t cpu; // whose time it is

    uint64_t audit_since; // when the present burst of audit records began
    uint32_t audit_made;  // records in it
};
static_assert(sizeof(struct sched_context) <= 1u << SCHED_CONTEXT_BITS);

static inline struct sched_context *sched_context_of(const struct slot *capability)
{
    return link_target(capability->object);
}

// Microseconds in ticks of the clock, at least one for each.
uint64_t ticks_of(uint64_t microseconds);

[[nodiscard]] bool sched_context_at_rest(const struct object *object);
[[nodiscard]] bool sched_context_reap(struct cpu *cpu, struct object *object);

// Fills it with a budget for each period, or for each turn when that is 0. Nobody uses it.
void sched_context_set_budget(struct sched_context *context, uint64_t budget, uint64_t period);

// Whether its budget is used up for now.
static inline bool sched_context_is_spent(const struct sched_context *context)
{
    return alarm_is_set(&context->alarm);
}

// What it is owed at this time comes back.
void sched_context_refill(struct sched_context *context, uint64_t now);

// Charges so many ticks of a turn to one without a period.
static inline void sched_context_use_turn(struct sched_context *context, uint64_t ticks)
{
    int64_t used = (int64_t)ticks;

    context->consumed += ticks;
    context->left -= used < context->left ? used : context->left;
}

// Charges the use from `from` to `now`.
void sched_context_use(struct sched_context *context, uint64_t from, uint64_t now);

// The alarm of a spent one came: it goes on, or waits for the next refill.
void sched_context_expire(struct cpu *cpu, struct sched_context *context, uint64_t now);

// Charges it for what happened up to now, if a processor uses it: that is what it gives, else null.
struct cpu *sched_context_charge(const struct sched_context *context);

// Ties the time of the SchedContext in `source` to a thread that has none.
void sched_context_give(struct cpu *cpu, struct slot *source, struct thread *thread);

// Takes the time of a SchedContext from whoever uses it.
void sched_context_withdraw(struct cpu *cpu, struct sched_context *context);

enum kozo_error sched_context_bind_call(struct call *call);
enum kozo_error sched_context_unbind_call(struct call *call);
enum kozo_error sched_context_info_call(struct call *call);
enum kozo_error sched_control_configure_call(struct call *call);
