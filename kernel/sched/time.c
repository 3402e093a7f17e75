// SPDX-License-Identifier: MIT
// The only writer of lender, borrower, time and user, beside the SchedContext itself.
#include "sched/time.h"

#include "object/sched_context.h"
#include "object/thread.h"
#include "sched/scheduler.h"

static void use(struct thread *thread, link_t context)
{
    struct sched_context *target = link_target(context);

    thread->time = context;
    target->user = link_to(thread);
}

static link_t own_context(const struct thread *thread)
{
    return thread->context.object;
}

void time_take_own(struct cpu *cpu, struct thread *thread)
{
    link_t own = own_context(thread);

    if (thread->time != 0 || thread->borrower != 0 || own == 0) {
        return;
    }
    const struct sched_context *context = link_target(own);
    if (context->user == 0 && context->owner == link_to(thread)) {
        use(thread, own);
        scheduler_add(cpu, thread);
    }
}

void time_lend(struct cpu *cpu, struct thread *caller, struct thread *server)
{
    if (caller->time == 0) {
        return;
    }
    scheduler_remove(cpu, caller);
    scheduler_remove(cpu, server);
    if (server->time != 0) {
        struct sched_context *parked = link_target(server->time);
        parked->user = 0;
    }
    use(server, caller->time);
    caller->time = 0;
    caller->borrower = link_to(server);
    server->lender = link_to(caller);
}

void time_return(struct cpu *cpu, struct thread *server)
{
    struct thread *lender = thread_at(server->lender);
    if (lender == nullptr) {
        return;
    }
    server->lender = 0;
    lender->borrower = 0;

    // The lender's SchedContext may have vanished meanwhile; then the server runs on its own already.
    if (server->time != 0 && server->time != own_context(server)) {
        scheduler_remove(cpu, server);
        use(lender, server->time);
        server->time = 0;
        scheduler_add(cpu, lender);
    }
    time_take_own(cpu, server);
    time_take_own(cpu, lender);
}
