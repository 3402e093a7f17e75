// SPDX-License-Identifier: MIT
// Queues, who can run, and whose time a thread has: who lent to whom is known, and all else follows
// from it.
#include <string.h>

#include "reference.h"

// --- Queues ---------------------------------------------------------------------------------------

void queue_leave(struct model_queue *queue, name_t thread)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < MODEL_THREADS; i++) {
        if (queue->thread[i] != thread) {
            queue->thread[kept++] = queue->thread[i];
        }
    }
    while (kept < MODEL_THREADS) {
        queue->thread[kept++] = 0;
    }
}

void queue_join(struct model_queue *queue, name_t thread)
{
    unsigned at = 0;

    while (queue->thread[at] != 0) {
        at++;
    }
    queue->thread[at] = thread;
}

void queue_join_first(struct model_queue *queue, name_t thread)
{
    memmove(&queue->thread[1], &queue->thread[0], (MODEL_THREADS - 1) * sizeof(queue->thread[0]));
    queue->thread[0] = thread;
}

bool queue_has(const struct model_queue *queue, name_t thread)
{
    for (unsigned i = 0; i < MODEL_THREADS; i++) {
        if (queue->thread[i] == thread) {
            return true;
        }
    }
    return false;
}

// --- Threads and time -----------------------------------------------------------------------------

struct model_queue *ready_list(struct model *model, name_t thread)
{
    return &model->ready[thread_in(model, thread)->priority];
}

static name_t own_context(struct model *model, name_t thread)
{
    name_t context = slot_in(model, thread + PART_CONTEXT)->object;

    return context != 0 && object_in(model, context)->context.owner == thread ? context : 0;
}

// A thread that has lent its time has none. Else it has that of the first of its lenders, which may
// be itself.
name_t time_of(struct model *model, name_t thread)
{
    if (thread_in(model, thread)->borrower != 0) {
        return 0;
    }
    while (thread_in(model, thread)->lender != 0) {
        thread = thread_in(model, thread)->lender;
    }
    return own_context(model, thread);
}

bool can_run(struct model *model, name_t thread)
{
    return thread_in(model, thread)->state == READY && time_of(model, thread) != 0;
}

void leave_ready(struct model *model, name_t thread)
{
    queue_leave(ready_list(model, thread), thread);
}

// Joins its ready list, last, if it can run and is not there.
void join_ready(struct model *model, name_t thread)
{
    if (can_run(model, thread) && thread != model->current &&
        !queue_has(ready_list(model, thread), thread)) {
        queue_join(ready_list(model, thread), thread);
    }
}

void lend(struct model *model, name_t caller, name_t server)
{
    if (time_of(model, caller) != 0) {
        leave_ready(model, caller);
        leave_ready(model, server);
        thread_in(model, caller)->borrower = server;
        thread_in(model, server)->lender = caller;
    }
}

static name_t last_borrower(struct model *model, name_t thread)
{
    while (thread_in(model, thread)->borrower != 0) {
        thread = thread_in(model, thread)->borrower;
    }
    return thread;
}

// Cuts the chain between `first` (0: its beginning) and its end. Everybody has their own time
// again.
static void cut_chain(struct model *model, name_t first, name_t end)
{
    leave_ready(model, end);
    while (end != first && thread_in(model, end)->lender != 0) {
        name_t lender = thread_in(model, end)->lender;
        thread_in(model, end)->lender = 0;
        thread_in(model, lender)->borrower = 0;
        join_ready(model, end);
        end = lender;
    }
    join_ready(model, end);
}

void send_time_home(struct model *model, name_t server)
{
    bool on = true;

    while (on && thread_in(model, server)->lender != 0 && thread_in(model, server)->borrower == 0) {
        name_t lender = thread_in(model, server)->lender;
        cut_chain(model, lender, server);
        server = lender;
        on = thread_in(model, lender)->state == FAULTED;
    }
}

static void take_time_back(struct model *model, name_t lender)
{
    name_t end = last_borrower(model, lender);

    if (end != lender) {
        cut_chain(model, lender, end);
    }
}

// A system call without an answer was not made.
void set_faulted(struct model_thread *thread)
{
    if (thread->fault == KOZO_FAULT_SYSCALL) {
        thread->instruction -= HOST_SYSCALL_SIZE;
    }
    thread->faulted = false;
    thread->fault = 0;
    thread->state = FAULTED;
}

void give_up(struct model *model, name_t thread)
{
    set_faulted(thread_in(model, thread));
    send_time_home(model, thread);
}

void wake(struct model *model, name_t thread, enum kozo_error error)
{
    struct model_thread *woken = thread_in(model, thread);

    if (woken->faulted && error != KOZO_OK) {
        give_up(model, thread);
        return;
    }
    if (!woken->faulted) {
        woken->registers.operation = error;
    }
    woken->faulted = false;
    woken->fault = 0;
    woken->state = READY;
    join_ready(model, thread);
}

void forget_reply(struct model *model, name_t thread)
{
    name_t reply = thread_in(model, thread)->reply;

    if (reply != 0) {
        object_in(model, reply)->reply.thread = 0;
        thread_in(model, thread)->reply = 0;
    }
}

void stop_waiting(struct model *model, name_t thread)
{
    struct model_thread *waiter = thread_in(model, thread);

    if (waiter->waiting_on != 0) {
        queue_leave(&object_in(model, waiter->waiting_on)->meeting.queue, thread);
        waiter->waiting_on = 0;
    }
    waiter->calls = false;
    waiter->badge = 0;
    end_wait(model, thread);
}

void cancel(struct model *model, name_t thread, enum kozo_error error)
{
    stop_waiting(model, thread);
    forget_reply(model, thread);
    take_time_back(model, thread);
    wake(model, thread, error);
}

bool is_waiting(unsigned state)
{
    return state == SENDING || state == RECEIVING || state == CALLING || state == WAITING;
}

void stop(struct model *model, name_t thread)
{
    if (is_waiting(thread_in(model, thread)->state)) {
        cancel(model, thread, KOZO_CANCELLED);
    }
    leave_ready(model, thread);
    thread_in(model, thread)->state = STOPPED;
    take_time_back(model, thread);
    send_time_home(model, thread);
}

// Nobody has the time of this SchedContext any more.
void take_time_away(struct model *model, name_t context)
{
    name_t owner = object_in(model, context)->context.owner;
    bool parked = owner == 0 || thread_in(model, owner)->lender != 0;

    object_in(model, context)->context.owner = 0;
    if (!parked) {
        cut_chain(model, 0, last_borrower(model, owner));
    }
}
