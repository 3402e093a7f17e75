// SPDX-License-Identifier: MIT
// The only writer of lender, borrower, time and user, beside the SchedContext itself.
#include "sched/time.h"

#include "object/sched_context.h"
#include "object/thread.h"
#include "sched/scheduler.h"
#include "sched/waits.h"

static void use(struct cpu *cpu, struct thread *thread, link_t context)
{
    struct sched_context *target = link_target(context);

    thread->time = context;
    thread->cpu = target->cpu;
    target->user = link_to(thread);
    scheduler_disturb_by(cpu, thread);
}

static link_t own_context(const struct thread *thread)
{
    return thread->context.object;
}

void time_take_own(struct cpu *cpu, struct thread *thread)
{
    link_t own = own_context(thread);

    if (thread->time == 0 && thread->borrower == 0 && own != 0) {
        use(cpu, thread, own);
        scheduler_add(cpu, thread);
    }
}

bool time_can_lend(const struct thread *caller)
{
    return caller->depth < TIME_CHAIN_MOST;
}

bool time_is_near(const struct thread *caller, const struct thread *server)
{
    const struct sched_context *own = link_target(own_context(server));

    return own == nullptr || own->cpu == caller->cpu;
}

void time_lend(struct cpu *cpu, struct thread *caller, struct thread *server)
{
    if (caller->time == 0 || (caller->faulted && caller->fault.kind == KOZO_FAULT_TIMEOUT)) {
        return;
    }
    scheduler_remove(cpu, caller);
    scheduler_remove(cpu, server);
    if (server->time != 0) {
        struct sched_context *parked = link_target(server->time);
        parked->user = 0;
    }
    use(cpu, server, caller->time);
    caller->time = 0;
    caller->borrower = link_to(server);
    server->lender = link_to(caller);
    server->depth = (uint8_t)(caller->depth + 1);
}

// The thread at the end of the chain of borrowers that begins here: it has the time.
static struct thread *chain_end(struct thread *thread)
{
    while (thread->borrower != 0) {
        thread = thread_at(thread->borrower);
    }
    return thread;
}

// Cuts the chain between `first` (null: its beginning) and its end. Everybody goes on with time of
// their own.
static void chain_cut(struct cpu *cpu, const struct thread *first, struct thread *end)
{
    while (end != first && end->lender != 0) {
        struct thread *lender = thread_at(end->lender);
        end->lender = 0;
        end->depth = 0;
        lender->borrower = 0;
        time_take_own(cpu, end);
        // Its call is open all the same.
        if (lender->state == CALLING && lender->reply != 0) {
            waits_begin(cpu, lender, end);
        }
        end = lender;
    }
}

static link_t take_away(struct cpu *cpu, struct thread *thread)
{
    link_t time = thread->time;
    struct sched_context *context = link_target(time);

    scheduler_remove(cpu, thread);
    scheduler_disturb_by(cpu, thread);
    thread->time = 0;
    context->user = 0;
    return time;
}

static void give(struct cpu *cpu, struct thread *thread, link_t time)
{
    use(cpu, thread, time);
    scheduler_add(cpu, thread);
}

void time_return(struct cpu *cpu, struct thread *server)
{
    // A lender that stopped by a fault meanwhile can't use its time, and sends it on.
    for (bool on = true; on && server->lender != 0 && server->borrower == 0;) {
        struct thread *lender = thread_at(server->lender);
        link_t time = take_away(cpu, server);
        chain_cut(cpu, lender, server);
        give(cpu, lender, time);
        server = lender;
        on = lender->state == FAULTED;
    }
}

void time_recall(struct cpu *cpu, struct thread *lender)
{
    struct thread *end = chain_end(lender);

    if (end != lender) {
        link_t time = take_away(cpu, end);
        chain_cut(cpu, lender, end);
        give(cpu, lender, time);
    }
}

void time_vanish(struct cpu *cpu, struct sched_context *context)
{
    struct thread *user = thread_at(context->user);

    if (user != nullptr) {
        take_away(cpu, user);
        chain_cut(cpu, nullptr, user);
    }
}
