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

constexpr int NOBODY = -1;

void scheduler_disturb_soon(const struct cpu *cpu, struct cpu *target)
{
    scheduler_disturb(target);
    if (target != cpu) {
        arch_processor_interrupt(target->number);
    }
}

static bool is_runnable(const struct thread *thread)
{
    return thread->state == READY && thread->time != 0;
}

// Whether the thread belongs into a ready list (T1 in thread.h) and is in none yet.
static bool is_due_for_queue(const struct thread *thread)
{
    return is_runnable(thread) && thread != thread_processor(thread)->current && !thread->queued;
}

static void mark_ready(const struct cpu *cpu, struct thread *thread)
{
    struct cpu *home = thread_processor(thread);

    home->ready[thread->priority / 64] |= (uint64_t)1 << thread->priority % 64;
    thread->queued = true;
    // One that comes after the current thread changes nothing for now.
    if (home->current == nullptr || thread->priority > home->current->priority) {
        scheduler_disturb_soon(cpu, home);
    }
}

void scheduler_add(struct cpu *cpu, struct thread *thread)
{
    if (is_due_for_queue(thread)) {
        queue_push(&thread_processor(thread)->queue[thread->priority], thread);
        mark_ready(cpu, thread);
    }
}

void scheduler_add_first(struct cpu *cpu, struct thread *thread)
{
    if (is_due_for_queue(thread)) {
        queue_push_first(&thread_processor(thread)->queue[thread->priority], thread);
        mark_ready(cpu, thread);
    }
}

void scheduler_remove(struct cpu *cpu, struct thread *thread)
{
    if (!thread->queued) {
        processors_take_off(cpu, thread);
        return;
    }
    struct cpu *home = thread_processor(thread);
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

void scheduler_charge(struct cpu *cpu)
{
    struct sched_context *context = link_target(cpu->context);
    if (context == nullptr) {
        return;
    }
    uint64_t now = arch_now();
    uint64_t used = now > cpu->charged ? now - cpu->charged : 0;

    context->consumed += used;
    context->left -= used < context->left ? used : context->left;
    cpu->charged = now;
}

// Lets `next`, which may be 0, be charged from now on.
static void charge_to(struct cpu *cpu, link_t next)
{
    if (next == cpu->context) {
        return;
    }
    scheduler_charge(cpu);
    cpu->context = next;
    if (next != 0) {
        cpu->charged = arch_now();
    }
}

// The timer must fire when the turn ends, or earlier: it is set again only when it would be too
// late.
static void timer_prepare(struct cpu *cpu)
{
    const struct sched_context *context = link_target(cpu->context);

    if (context != nullptr) {
        alarm_arm(cpu, cpu->charged + context->left);
    }
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
    if (context->left == 0) {
        context->left = context->budget;
        if (cpu->current != nullptr) {
            scheduler_yield(cpu);
        }
    }
}

static struct thread *choose_thread(struct cpu *cpu)
{
    struct thread *thread = cpu->current;
    int highest = ready_highest(cpu);

    if (thread != nullptr && (!is_runnable(thread) || thread->cpu != cpu->number)) {
        thread = nullptr;
    }
    if (thread != nullptr && highest <= thread->priority) {
        return thread;
    }
    cpu->current = nullptr;
    if (thread != nullptr) {
        scheduler_add_first(cpu, thread);
    }
    if (highest == NOBODY) {
        return nullptr;
    }
    thread = thread_at(cpu->queue[highest].first);
    scheduler_remove(cpu, thread);
    cpu->current = thread;
    return thread;
}

struct thread *scheduler_choose(struct cpu *cpu)
{
    struct thread *thread = choose_thread(cpu);

    if (kernel.flush.processors != 0) {
        flush_finish(cpu);
    }
    // A thread that lost its address space can't go on. Each turn of this loop stops one for good.
    while (thread != nullptr && thread_root(thread) == 0) {
        thread_lost_space(cpu, thread);
        thread = choose_thread(cpu);
    }
    cpu->pending = 0;
    charge_to(cpu, thread == nullptr ? 0 : thread->time);
    extra_switch(cpu, thread == nullptr ? 0 : thread->extra);
    if (thread != nullptr) {
        cpu->detour = thread->foreign ? DETOUR_FOREIGN : 0;
        cpu->call.cpu = cpu;
        cpu->call.caller = thread;
        cpu->call.argument = thread->registers.argument;
        arch_space_activate(thread_root(thread));
    }
    timer_prepare(cpu);
    return thread;
}
