// SPDX-License-Identifier: MIT
// SchedContext: a share of one processor's time.
//
// It belongs to the processor whose SchedControl configured it, and to at most one thread (the one
// whose `context` slot holds it), and is used by at most one (`user`): its owner, or the server at
// the end of the chain of calls that the owner made.
#pragma once

#include "object/object.h"

struct call;
struct thread;

constexpr unsigned SCHED_CONTEXT_BITS = 7;

// Microseconds of one turn, and what init starts with.
constexpr uint64_t BUDGET_MIN = 100;
constexpr uint64_t BUDGET_MAX = 1'000'000;
constexpr uint64_t BUDGET_DEFAULT = 5'000;

struct sched_context {
    struct object object;
    link_t owner, user; // threads
    uint64_t budget;    // ticks of one turn; 0 until configured
    uint64_t left;      // ticks of the present turn
    uint64_t consumed;  // ticks in all

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

void sched_context_set_budget(struct sched_context *context, uint64_t microseconds);

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
