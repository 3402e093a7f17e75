// SPDX-License-Identifier: MIT
// SchedContext, and SchedControl, the right to fill one with time.
#include "object/sched_context.h"

#include "cap/delete.h"
#include "cap/lookup.h"
#include "kernel.h"
#include "object/cnode.h"
#include "object/thread.h"
#include "sched/scheduler.h"
#include "sched/time.h"
#include "syscall/call.h"

constexpr uint64_t MICROSECONDS = 1'000'000;

bool sched_context_at_rest(const struct object *object)
{
    const struct sched_context *context = (const struct sched_context *)object;

    return context->owner == 0 && context->user == 0;
}

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

struct cpu *sched_context_charge(const struct sched_context *context)
{
    struct cpu *cpu = &kernel.cpu[context->cpu];

    if (cpu->context != link_to(context)) {
        return nullptr;
    }
    scheduler_charge(cpu);
    return cpu;
}

static void stop_charging(const struct sched_context *context)
{
    struct cpu *cpu = sched_context_charge(context);

    if (cpu != nullptr) {
        cpu->context = 0;
    }
}

// Makes it time of another processor, and so moves the thread that uses it.
static void move(struct cpu *cpu, struct sched_context *context, uint8_t processor)
{
    struct thread *user = thread_at(context->user);

    if (user != nullptr) {
        scheduler_remove(cpu, user);
    }
    stop_charging(context);
    context->cpu = processor;
    if (user != nullptr) {
        user->cpu = processor;
        scheduler_add(cpu, user);
        scheduler_disturb(cpu);
    }
}

void sched_context_withdraw(struct cpu *cpu, struct sched_context *context)
{
    context->owner = 0;
    time_vanish(cpu, context);
    stop_charging(context);
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

    (void)sched_context_charge(context);
    call->argument[0] = context->consumed;
    call->argument[1] = context->budget;
    return KOZO_OK;
}

enum kozo_error sched_control_configure_call(struct call *call)
{
    struct lookup found =
        lookup_typed(call->caller, call->argument[0], KOZO_TYPE_SCHED_CONTEXT, KOZO_RIGHT_CONTROL);
    uint64_t budget = call->argument[1];

    if (found.error != KOZO_OK) {
        return found.error;
    }
    if (budget < BUDGET_MIN || budget > BUDGET_MAX) {
        return KOZO_BAD_ARGUMENT;
    }

    // What was used of the old budget must not count against the new one.
    struct sched_context *context = sched_context_of(found.slot);
    (void)sched_context_charge(context);
    sched_context_set_budget(context, budget);
    if (context->cpu != call->slot->value) {
        move(call->cpu, context, (uint8_t)call->slot->value);
    }
    scheduler_disturb_soon(call->cpu, &kernel.cpu[context->cpu]);
    return KOZO_OK;
}
