// SPDX-License-Identifier: MIT
// SchedContext, and SchedControl, the right to fill one with time.
#include "object/sched_context.h"

#include "cap/delete.h"
#include "cap/lookup.h"
#include "kernel.h"
#include "lib/memory.h"
#include "object/cnode.h"
#include "object/thread.h"
#include "sched/scheduler.h"
#include "sched/time.h"
#include "syscall/call.h"

constexpr uint64_t MICROSECONDS = 1'000'000;

bool sched_context_at_rest(const struct object *object)
{
    const struct sched_context *context = (const struct sched_context *)object;

    return context->owner == 0 && context->user == 0 && !sched_context_is_spent(context);
}

bool sched_context_reap(struct cpu *cpu, struct object *object)
{
    struct sched_context *context = (struct sched_context *)object;

    // Its owner's slot was a capability, so only a borrower may be left.
    sched_context_withdraw(cpu, context);
    alarm_cancel(&context->alarm);
    return true;
}

uint64_t ticks_of(uint64_t microseconds)
{
    uint64_t ticks = arch_frequency() / MICROSECONDS;

    return microseconds * (ticks == 0 ? 1 : ticks);
}

void sched_context_set_budget(struct sched_context *context, uint64_t budget, uint64_t period)
{
    context->budget = ticks_of(budget);
    context->period = ticks_of(period);
    context->left = (int64_t)context->budget;
    context->refills = 0;
}

void sched_context_refill(struct sched_context *context, uint64_t now)
{
    unsigned due = 0;

    while (due < context->refills && context->refill[due].at <= now) {
        context->left += context->refill[due].amount;
        due++;
    }
    if (due != 0) {
        context->refills -= due;
        memmove(context->refill, context->refill + due,
                context->refills * sizeof(context->refill[0]));
    }
}

// Never earlier than the last one, nor than `at`.
static void refill_add(struct sched_context *context, uint64_t at, int64_t amount)
{
    struct refill *next = &context->refill[context->refills];

    if (context->refills != 0 && (at <= next[-1].at || context->refills == REFILLS)) {
        next[-1].at = at > next[-1].at ? at : next[-1].at;
        next[-1].amount += amount;
    } else if (amount != 0) {
        *next = (struct refill){.at = at, .amount = amount};
        context->refills++;
    }
}

// When the refills that come until then add up to `amount`.
static uint64_t refill_covers(const struct sched_context *context, int64_t amount)
{
    unsigned i = 0;

    for (; i + 1 < context->refills && context->refill[i].amount < amount; i++) {
        amount -= context->refill[i].amount;
    }
    return context->refill[i].at;
}

// A use during which nothing comes back. What goes on where the last one ended began when that did.
static void use_part(struct sched_context *context, uint64_t from, uint64_t to)
{
    int64_t used = (int64_t)(to - from);
    int64_t before = context->left > 0 ? context->left : 0;
    int64_t excess = used > before ? used - before : 0;
    bool goes_on = from == context->until && context->refills != 0;

    refill_add(context, goes_on ? 0 : from + context->period, used - excess);
    if (excess != 0) {
        refill_add(context, refill_covers(context, excess) + context->period, excess);
    }
    context->left -= used;
    context->until = to;
}

void sched_context_use(struct sched_context *context, uint64_t from, uint64_t now)
{
    if (context->period == 0) {
        sched_context_use_turn(context, now - from);
        return;
    }
    context->consumed += now - from;
    // After a halt of the whole machine nobody owes more than a period.
    uint64_t at = now - from > context->period ? now - context->period : from;
    while (at != now) {
        sched_context_refill(context, at);
        bool comes_back = context->refills != 0 && context->refill[0].at < now;
        uint64_t to = comes_back ? context->refill[0].at : now;
        use_part(context, at, to);
        at = to;
    }
    sched_context_refill(context, now);
}

void sched_context_expire(struct cpu *cpu, struct sched_context *context, uint64_t now)
{
    sched_context_refill(context, now);
    if (context->left <= 0) {
        alarm_set(cpu, &context->alarm, context->refill[0].at);
        return;
    }
    context->told = false;
    if (context->user != 0) {
        scheduler_add(cpu, thread_at(context->user));
    }
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

    if (owner != nullptr) {
        slot_delete_at_once(call->cpu, &owner->context);
    }
    return KOZO_OK;
}

enum kozo_error sched_context_info_call(struct call *call)
{
    struct sched_context *context = sched_context_of(call->slot);

    (void)sched_context_charge(context);
    call->argument[0] = context->consumed;
    call->argument[1] = context->budget;
    call->argument[2] = context->period;
    return KOZO_OK;
}

enum kozo_error sched_control_configure_call(struct call *call)
{
    struct lookup found =
        lookup_typed(call->caller, call->argument[0], KOZO_TYPE_SCHED_CONTEXT, KOZO_RIGHT_CONTROL);
    uint64_t budget = call->argument[1];
    uint64_t period = call->argument[2];

    if (found.error != KOZO_OK) {
        return found.error;
    }
    if (budget < BUDGET_MIN || budget > BUDGET_MAX ||
        (period != 0 && (period < budget || period > PERIOD_MAX))) {
        return KOZO_BAD_ARGUMENT;
    }

    // What was used of the old budget must not count against the new one.
    struct sched_context *context = sched_context_of(found.slot);
    struct thread *user = thread_at(context->user);
    (void)sched_context_charge(context);
    if (user != nullptr) {
        scheduler_remove(call->cpu, user);
    }
    alarm_cancel(&context->alarm);
    sched_context_set_budget(context, budget, period);
    if (user != nullptr) {
        scheduler_add(call->cpu, user);
    }
    if (context->cpu != call->slot->value) {
        move(call->cpu, context, (uint8_t)call->slot->value);
    }
    scheduler_disturb_soon(call->cpu, &kernel.cpu[context->cpu]);
    return KOZO_OK;
}
