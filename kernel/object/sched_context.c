// SPDX-License-Identifier: MIT
// SchedContext, and SchedControl, the right to fill one with time.
#include "object/sched_context.h"

#include "cap/delete.h"
#include "cap/lookup.h"
#include "object/cnode.h"
#include "object/thread.h"
#include "sched/scheduler.h"
#include "sched/time.h"
#include "syscall/call.h"

constexpr uint64_t MICROSECONDS = 1'000'000;

bool sched_context_reap(struct cpu *cpu, struct object *object)
{
    // Its owner's slot was a capability, so only a borrower may be left.
    sched_context_withdraw(cpu, (struct sched_context *)object);
    return true;
}

uint64_t ticks_of(uint64_t microseconds)
{
    uint64_t ticks = arch_frequency() / MICROSECONDS;

    return microseconds * (ticks == 0 ? 1 : ticks);
}

void sched_context_set_budget(struct sched_context *context, uint64_t microseconds)
{
    context->budget = ticks_of(microseconds);
    context->left = context->budget;
}

void sched_context_give(struct cpu *cpu, struct slot *source, struct thread *thread)
{
    capability_copy(source, &thread->context, SLOT_IN_THREAD);
    sched_context_of(source)->owner = link_to(thread);
    time_take_own(cpu, thread);
}

void sched_context_withdraw(struct cpu *cpu, struct sched_context *context)
{
    context->owner = 0;
    if (cpu->context == link_to(context)) {
        scheduler_charge(cpu);
        cpu->context = 0;
    }
    time_vanish(cpu, context);
}

enum kozo_error sched_context_bind_call(struct call *call)
{
    struct sched_context *context = sched_context_of(call->slot);
    struct lookup thread =
        lookup_typed(call->caller, call->argument[0], KOZO_TYPE_THREAD, KOZO_RIGHT_CONTROL);

    if (thread.error != KOZO_OK) {
        return thread.error;
    }
    if (context->budget == 0 || context->owner != 0 ||
        thread_of(thread.slot)->context.type != KOZO_TYPE_NONE) {
        return KOZO_BAD_STATE;
    }

    sched_context_give(call->cpu, call->slot, thread_of(thread.slot));
    return KOZO_OK;
}

enum kozo_error sched_context_unbind_call(struct call *call)
{
    struct thread *owner = thread_at(sched_context_of(call->slot)->owner);

    if (owner != nullptr && !slot_delete(call->cpu, &owner->context)) {
        return call_again(call);
    }
    return KOZO_OK;
}

enum kozo_error sched_context_info_call(struct call *call)
{
    struct sched_context *context = sched_context_of(call->slot);

    if (call->cpu->context == link_to(context)) {
        scheduler_charge(call->cpu);
    }
    call->argument[0] = context->consumed;
    call->argument[1] = context->budget;
    return KOZO_OK;
}

enum kozo_error sched_control_configure_call(struct call *call)
{
    struct lookup context =
        lookup_typed(call->caller, call->argument[0], KOZO_TYPE_SCHED_CONTEXT, KOZO_RIGHT_CONTROL);
    uint64_t budget = call->argument[1];

    if (context.error != KOZO_OK) {
        return context.error;
    }
    if (budget < BUDGET_MIN || budget > BUDGET_MAX) {
        return KOZO_BAD_ARGUMENT;
    }

    // What was used of the old budget must not count against the new one.
    scheduler_charge(call->cpu);
    sched_context_set_budget(sched_context_of(context.slot), budget);
    scheduler_disturb(call->cpu);
    return KOZO_OK;
}
