// SPDX-License-Identifier: MIT
// The ready lists, the choice, and the accounting of time.
//
// Time is charged to SchedContexts, not to threads: a call and its answer stay on one SchedContext,
// and so read no clock and set no timer. Only when another SchedContext takes over are both done.
#include "sched/scheduler.h"

#include "object/address_space.h"
#include "object/sched_context.h"
#include "object/thread.h"
#include "sched/alarm.h"
#include "sched/extra.h"
#include "sched/processors.h"
#include "sched/turn.h"

constexpr int NOBODY = -1;

void scheduler_disturb_soon(const struct cpu *cpu, struct cpu *target)
{
    scheduler_disturb(target);
    if (target != cpu) {
        arch_processor_interrupt(target->number);
    }
}

static bool has_spent_time(const struct thread *thread)
{
    return sched_context_is_spent(link_target(thread->time));
}

static bool is_runnable(const struct thread *thread)
{
    return thread->state == READY && thread->time != 0 && !has_spent_time(thread);
}

// Whether the thread is to be told that the time that was lent to it is spent.
static bool is_due_for_timeout(const struct thread *thread)
{
    const struct sched_context *context = link_target(thread->time);

    return thread->timeouts && thread->lender != 0 && !context->told;
}

// The list of its priority has the thread.
static void set_ready(struct cpu *home, struct thread *thread)
{
    home->ready[thread->priority / 64] |= (uint64_t)1 << thread->priority % 64;
    thread->queued = true;
}

static void mark_ready(const struct cpu *cpu, struct cpu *home, struct thread *thread)
{
    set_ready(home, thread);
    // One that comes after the current thread changes nothing for now.
    if (home->current == nullptr || thread->priority > home->current->priority) {
        scheduler_disturb_soon(cpu, home);
    }
}

[[gnu::noinline]] static void add(const struct cpu *cpu, struct thread *thread, bool first)
{
    struct cpu *home = thread_processor(thread);

    // The current thread may have got time of another processor: it goes there when it has left this one.
    if (thread->state != READY || thread->time == 0 || thread == home->current ||
        thread == cpu->current || thread->queued) {
        return;
    }
    if (!has_spent_time(thread)) {
        struct thread_queue *queue = &home->queue[thread->priority];
        if (first) {
            queue_push_first(queue, thread);
        } else {
            queue_push(queue, thread);
        }
        mark_ready(cpu, home, thread);
    } else if (is_due_for_timeout(thread)) {
        queue_push(&home->late, thread);
        thread->queued = true;
        scheduler_disturb_soon(cpu, home);
    }
}

void scheduler_add(struct cpu *cpu, struct thread *thread)
{
    add(cpu, thread, false);
}

void scheduler_add_first(struct cpu *cpu, struct thread *thread)
{
    add(cpu, thread, true);
}

void scheduler_remove(struct cpu *cpu, struct thread *thread)
{
    if (!thread->queued) {
        processors_take_off(cpu, thread);
        return;
    }
    struct cpu *home = thread_processor(thread);
    if (has_spent_time(thread)) {
        queue_remove(&home->late, thread);
        thread->queued = false;
        return;
    }
    struct thread_queue *queue = &home->queue[thread->priority];
    queue_remove(queue, thread);
    if (queue->first == 0) {
        home->ready[thread->priority / 64] &= ~((uint64_t)1 << thread->priority % 64);
    }
    thread->queued = false;
}

void scheduler_yield(struct cpu *cpu)
{
    struct thread *thread = cpu->current;

    cpu->current = nullptr;
    scheduler_disturb(cpu);
    scheduler_add(cpu, thread);
}

void scheduler_switch_to(struct cpu *cpu, struct thread *next)
{
    scheduler_remove(cpu, next);
    scheduler_disturb(cpu);
    cpu->current = next;
}

// The highest priority that somebody is ready at.
static int ready_highest(const struct cpu *cpu)
{
    for (unsigned i = CPU_PRIORITY_WORDS; i > 0; i--) {
        uint64_t word = cpu->ready[i - 1];
        if (word != 0) {
            return (int)(i * 64) - 1 - __builtin_clzll(word);
        }
    }
    return NOBODY;
}

bool scheduler_is_above(const struct cpu *cpu, unsigned priority)
{
    return ready_highest(cpu) > (int)priority;
}

void scheduler_charge(struct cpu *cpu)
{
    struct sched_context *context = link_target(cpu->context);
    if (context == nullptr) {
        return;
    }
    uint64_t now = arch_now();
    sched_context_use(context, cpu->charged, now > cpu->charged ? now : cpu->charged);
    cpu->charged = now;
}

// Whoever uses a budget that is used up leaves the ready list before that is said of it, and comes
// back when it does.
static void check_spent(struct cpu *cpu, struct sched_context *context)
{
    if (context == nullptr || context->period == 0 || context->left > 0 ||
        sched_context_is_spent(context)) {
        return;
    }
    struct thread *user = thread_at(context->user);
    if (user != nullptr) {
        scheduler_remove(cpu, user);
    }
    alarm_set(cpu, &context->alarm, context->refill[0].at);
    if (user != nullptr) {
        scheduler_add(cpu, user);
    }
    scheduler_disturb(cpu);
}

// Lets `next`, which may be 0, be charged from now on.
static void charge_to(struct cpu *cpu, link_t next)
{
    struct sched_context *last = link_target(cpu->context);
    struct sched_context *context = link_target(next);

    if (next != cpu->context) {
        scheduler_charge(cpu);
        cpu->context = next;
        check_spent(cpu, last);
        if (context != nullptr) {
            cpu->charged = last == nullptr ? arch_now() : cpu->charged;
            sched_context_refill(context, cpu->charged);
        }
    }
    check_spent(cpu, context);
    // The choice that follows is nobody's: what is spent waits for its refill untouched.
    if (context != nullptr && sched_context_is_spent(context)) {
        cpu->context = 0;
    }
}

// The timer must fire when the turn ends, or earlier: it is set again only when it would be too
// late.
static void timer_prepare(struct cpu *cpu)
{
    turn_arm(cpu);
    alarm_prepare(cpu);
}

void scheduler_tick(struct cpu *cpu)
{
    cpu->armed = UINT64_MAX;
    alarm_tick(cpu);
    scheduler_charge(cpu);

    struct sched_context *context = link_target(cpu->context);
    if (context == nullptr) {
        return;
    }
    if (context->period == 0 && context->left == 0) {
        context->left = (int64_t)context->budget;
        if (cpu->current != nullptr) {
            scheduler_yield(cpu);
        }
    }
}

// Whether the current thread can simply go on, with the time that is charged already, which may be none.
static inline bool goes_on_usually(const struct cpu *cpu, const struct thread *current)
{
    const struct sched_context *context = link_target(cpu->context);

    return context != nullptr && context->period == 0 && current->cpu == cpu->number &&
           thread_root(current) != 0;
}

// The choice where nothing but the ready lists decides, and each time that matters is without a period; null, with
// nothing changed, where it may be otherwise.
static inline struct thread *choose_usually(struct cpu *cpu)
{
    struct thread *current = cpu->current;
    struct thread *next = turn_first(cpu);

    if (!ARCH_FAST_PATH || current == nullptr || kernel.flush.processors != 0 ||
        cpu->late.first != 0) {
        return nullptr;
    }
    bool ready = current->state == READY;
    if (ready && current->time != cpu->context) {
        return nullptr;
    }
    if (ready && (next == nullptr || next->priority <= current->priority)) {
        return goes_on_usually(cpu, current) ? current : nullptr;
    }
    if (next == nullptr || thread_root(next) == 0 || !turn_is_usual(cpu, next)) {
        return nullptr;
    }

    turn_take(cpu, next);
    if (ready) {
        queue_push_first(&cpu->queue[current->priority], current);
        set_ready(cpu, current);
    }
    cpu->current = next;
    turn_charge(cpu, next->time);
    return next;
}

static struct thread *choose_thread(struct cpu *cpu)
{
    struct thread *thread = cpu->current;
    int highest = ready_highest(cpu);

    if (thread != nullptr && thread->cpu == cpu->number && is_runnable(thread) &&
        highest <= thread->priority) {
        return thread;
    }
    cpu->current = nullptr;
    if (thread != nullptr) {
        scheduler_add_first(cpu, thread);
        highest = ready_highest(cpu);
    }
    if (highest == NOBODY) {
        return nullptr;
    }
    thread = thread_at(cpu->queue[highest].first);
    scheduler_remove(cpu, thread);
    cpu->current = thread;
    return thread;
}

// The same for a thread that can go on. Each turn of the loop tells of one timeout, or stops a
// thread that lost its address space.
static struct thread *choose_fit(struct cpu *cpu)
{
    while (true) {
        struct thread *thread = choose_thread(cpu);
        struct thread *late = thread_at(cpu->late.first);
        if (late != nullptr) {
            scheduler_remove(cpu, late);
            thread_timeout(cpu, late);
        } else if (thread != nullptr && thread_root(thread) == 0) {
            thread_lost_space(cpu, thread);
        } else {
            return thread;
        }
    }
}

[[gnu::noinline]] static struct thread *choose_slowly(struct cpu *cpu)
{
    struct thread *thread;

    if (kernel.flush.processors != 0) {
        flush_finish(cpu);
    }
    // A SchedContext may turn out to be spent, which lets somebody else come first.
    do {
        thread = choose_fit(cpu);
        cpu->pending = 0;
        charge_to(cpu, thread == nullptr ? 0 : thread->time);
    } while ((cpu->pending & PENDING_CHOICE) != 0);
    return thread;
}

struct thread *scheduler_choose(struct cpu *cpu)
{
    struct thread *thread = choose_usually(cpu);

    if (thread == nullptr) {
        thread = choose_slowly(cpu);
    }
    cpu->pending = 0;
    extra_switch(cpu, thread == nullptr ? 0 : thread->extra);
    if (thread != nullptr) {
        cpu->detour = thread->foreign;
        cpu->call.cpu = cpu;
        cpu->call.caller = thread;
        cpu->call.argument = thread->registers.argument;
        arch_space_turn(&cpu->arch, thread_root(thread));
    }
    timer_prepare(cpu);
    return thread;
}
