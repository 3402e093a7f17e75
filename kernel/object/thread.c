// SPDX-License-Identifier: MIT
// Thread: the state machine of thread.h. The calls that configure and control one are in thread_control.c.
#include "object/thread.h"

#include "cap/delete.h"
#include "cap/lookup.h"
#include "ipc/message.h"
#include "kernel.h"
#include "object/address_space.h"
#include "object/cnode.h"
#include "object/endpoint.h"
#include "object/extended_state.h"
#include "object/notification.h"
#include "object/reply.h"
#include "object/sched_context.h"
#include "panic/panic.h"
#include "sched/extra.h"
#include "sched/scheduler.h"
#include "sched/time.h"
#include "sched/waits.h"
#include "syscall/call.h"

void thread_create(struct object *object)
{
    struct thread *thread = (struct thread *)object;

    arch_registers_start(&thread->registers, 0, 0, 0, 0, 0);
}

// The slots of a thread, in the order in which they are emptied.
static struct slot *thread_slot(struct thread *thread, uint64_t number)
{
    struct slot *slots[] = {&thread->revocation, &thread->context,       &thread->space,
                            &thread->buffer,     &thread->fault_handler, &thread->cspace};

    return number < sizeof(slots) / sizeof(slots[0]) ? slots[number] : nullptr;
}

// All but the last of these stand in a row.
static_assert(offsetof(struct thread, revocation) ==
              offsetof(struct thread, cspace) + 5 * sizeof(struct slot));

// Steps of a long operation that it takes to end a thread at once.
constexpr unsigned END_STEPS = 8;

static bool is_at_rest(const struct cpu *cpu, const struct thread *thread)
{
    bool waits = thread->standing != STOPPED && thread->standing != READY;
    link_t known = thread->lender | thread->borrower | thread->waiters | thread->notification |
                   thread->endpoint | thread->extra | thread->revocation.type;

    return !waits && known == 0 && thread->cpu == cpu->number && thread != cpu->current &&
           kernel.init != link_of(thread);
}

bool thread_end(struct cpu *cpu, struct thread *thread)
{
    struct sched_context *context = link_target(thread->context.object);

    if (!is_at_rest(cpu, thread)) {
        return false;
    }

    cpu->work += END_STEPS;
    if (thread->queued) {
        scheduler_remove(cpu, thread);
    }
    // Nobody else uses its time, which is not charged now.
    if (context != nullptr) {
        context->owner = 0;
        context->user = 0;
    }
    for (struct slot *slot = &thread->cspace; slot != &thread->revocation; slot++) {
        if (slot->type != KOZO_TYPE_NONE) {
            slot_drop_within(cpu, slot);
        }
    }
    return true;
}

bool thread_reap(struct cpu *cpu, struct object *object)
{
    struct thread *thread = (struct thread *)object;
    uint64_t *progress = &object->grave.header.progress;

    if (*progress == 0) {
        if (kernel.init == link_to(thread)) {
            panic_init("init destroyed its own thread", &thread->registers, nullptr);
        }
        thread_stop(cpu, thread);
        notification_unbind(thread);
        endpoint_unbind(thread);
        extended_state_unbind(cpu, thread);
        extra_leave(cpu, thread);
    }
    if (thread->waiters != 0) {
        waits_end(cpu, thread_at(thread->waiters));
        return false;
    }
    struct slot *slot = thread_slot(thread, *progress);
    if (slot != nullptr) {
        slot_delete_at_once(cpu, slot);
        ++*progress;
        return false;
    }
    if (cpu->current == thread) {
        cpu->current = nullptr;
    }
    arch_registers_forget(&thread->registers);
    return true;
}

void thread_let_go(struct cpu *cpu, const struct slot *slot)
{
    uint64_t offset = arch_physical(slot) & (((uint64_t)1 << THREAD_BITS) - 1);
    struct thread *thread = arch_window(arch_physical(slot) - offset);

    if (slot == &thread->context) {
        sched_context_withdraw(cpu, sched_context_of(slot));
    } else if (slot == &thread->space) {
        thread_stop(cpu, thread);
    }
}

physical_t thread_root(const struct thread *thread)
{
    if (thread->space.type != KOZO_TYPE_ADDRESS_SPACE) {
        return 0;
    }
    return address_space_of(&thread->space)->root;
}

// Nobody handles the thread's fault. A system call without a result was not made.
static void set_faulted(struct thread *thread)
{
    if (thread->fault.kind == KOZO_FAULT_SYSCALL) {
        arch_registers_restart(&thread->registers);
    }
    thread->faulted = false;
    thread->state = FAULTED;
}

static void give_up(struct cpu *cpu, struct thread *thread)
{
    set_faulted(thread);
    // It may be the current one: a foreign thread whose call nobody takes.
    scheduler_disturb(cpu);
    time_return(cpu, thread);
}

void thread_wake(struct cpu *cpu, struct thread *thread, enum kozo_error error)
{
    if (thread->faulted && error != KOZO_OK) {
        give_up(cpu, thread);
        return;
    }
    if (!thread->faulted) {
        thread->registers.operation = error;
    }
    thread->faulted = false;
    thread->state = READY;
    scheduler_add(cpu, thread);
}

// Takes the thread out of whatever knows that it waits.
static void wait_leave(struct cpu *cpu, struct thread *thread)
{
    if (thread->waiting_on != 0) {
        struct waitable *waitable = link_target(thread->waiting_on);
        queue_remove(&waitable->queue, thread);
        thread->waiting_on = 0;
    }
    waits_end(cpu, thread);
    reply_forget(thread);
    time_recall(cpu, thread);
}

void thread_cancel(struct cpu *cpu, struct thread *thread, enum kozo_error error)
{
    wait_leave(cpu, thread);
    thread_wake(cpu, thread, error);
}

bool thread_is_waiting(const struct thread *thread)
{
    return thread->state == SENDING || thread->state == RECEIVING || thread->state == CALLING ||
           thread->state == WAITING;
}

void thread_stop(struct cpu *cpu, struct thread *thread)
{
    if (thread_is_waiting(thread)) {
        thread_cancel(cpu, thread, KOZO_CANCELLED);
    }
    scheduler_remove(cpu, thread);
    scheduler_disturb_by(cpu, thread);
    thread->state = STOPPED;
    time_recall(cpu, thread);
    time_return(cpu, thread);
}

void thread_lost_space(struct cpu *cpu, struct thread *thread)
{
    if (kernel.init == link_to(thread)) {
        panic_init("init destroyed its own address space", &thread->registers, nullptr);
    }
    thread_stop(cpu, thread);
}

// The thread's fault goes to its handler. False when that can't be, and nothing has changed.
static bool tell_handler(struct cpu *cpu, struct thread *thread)
{
    const struct slot *handler = &thread->fault_handler;

    if (handler->type != KOZO_TYPE_ENDPOINT || !time_can_lend(thread)) {
        return false;
    }
    thread->faulted = true;
    enum kozo_error error = endpoint_call(cpu, thread, endpoint_of(handler), handler->value);
    bool told = error != KOZO_DEADLOCK && error != KOZO_TOO_DEEP;
    thread->faulted = thread->faulted && told;
    return told;
}

void thread_tell(struct cpu *cpu, struct thread *thread)
{
    if (tell_handler(cpu, thread)) {
        return;
    }
    if (kernel.init == link_to(thread)) {
        panic_init(thread->fault.kind == KOZO_FAULT_PAGE
                       ? "init touched memory that is not mapped for it"
                       : "init raised an exception",
                   &thread->registers, &thread->fault);
    }
    thread_stop(cpu, thread);
    set_faulted(thread);
}

void thread_timeout(struct cpu *cpu, struct thread *thread)
{
    struct sched_context *context = link_target(thread->time);

    context->told = true;
    thread->fault = (struct fault){.kind = KOZO_FAULT_TIMEOUT};
    (void)tell_handler(cpu, thread);
}

void thread_fault_answered(struct cpu *cpu, struct thread *thread, bool resume)
{
    if (resume) {
        thread_wake(cpu, thread, KOZO_OK);
        foreign_continue(cpu, thread);
        return;
    }
    give_up(cpu, thread);
}

bool thread_is_held(const struct thread *thread)
{
    return thread->state == STOPPED || thread->state == FAULTED ||
           (thread->state == CALLING && thread->faulted);
}
