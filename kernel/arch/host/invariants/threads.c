// SPDX-License-Identifier: MIT
// Threads: their time, whom they wait for, and the lists of those that are ready.
#include "found.h"
#include "object/extended_state.h"
#include "object/notification.h"
#include "object/reply.h"
#include "object/sched_context.h"
#include "object/thread.h"
#include "rules.h"

static bool waits_in_queue(const struct thread *thread)
{
    return thread->state == SENDING || thread->state == RECEIVING || thread->state == WAITING;
}

static bool check_time(const struct thread *thread)
{
    const struct sched_context *time = link_target(thread->time);
    const struct thread *lender = link_target(thread->lender);
    const struct thread *borrower = link_target(thread->borrower);

    if (thread->time != 0) {
        RULE(is_object(thread->time, KOZO_TYPE_SCHED_CONTEXT) && time->user == link_to(thread),
             "T5: a SchedContext's user is the one thread that uses it", thread);
        RULE((thread->time == thread->context.object) == (lender == nullptr),
             "T4: a thread uses its own time exactly when it has borrowed none", thread);
    }
    RULE(lender == nullptr ||
             (is_object(thread->lender, KOZO_TYPE_THREAD) && lender->borrower == link_to(thread)),
         "T4: lender and borrower agree", thread);
    RULE(borrower == nullptr || (is_object(thread->borrower, KOZO_TYPE_THREAD) &&
                                 borrower->lender == link_to(thread) && thread->time == 0),
         "T4: borrower and lender agree, and what is lent is gone", thread);
    RULE(thread->lender != 0 || thread->borrower != 0 || thread->time == thread->context.object,
         "T4: a thread that has neither borrowed time nor lent it uses its own", thread);
    RULE(thread->lender == 0 || thread->borrower != 0 || thread->time != 0,
         "T4: the end of a chain of lenders has the time", thread);
    return true;
}

static bool check_links(const struct thread *thread)
{
    const struct reply *reply = link_target(thread->reply);
    const struct notification *notification = link_target(thread->notification);
    bool replied = thread->state == CALLING || thread->state == RECEIVING;

    RULE(reply == nullptr ||
             (is_object(thread->reply, KOZO_TYPE_REPLY) && reply->thread == link_to(thread)),
         "T3: thread and Reply agree", thread);
    RULE(reply == nullptr || replied, "T3: only a caller or a receiver has a Reply", thread);
    RULE(thread->state != CALLING || reply != nullptr, "T3: a caller has a Reply", thread);
    RULE(notification == nullptr || (is_object(thread->notification, KOZO_TYPE_NOTIFICATION) &&
                                     notification->bound == link_to(thread)),
         "a thread and its bound notification agree", thread);
    RULE((thread->state != RECEIVING && thread->state != CALLING) ||
             thread->space.type == KOZO_TYPE_ADDRESS_SPACE,
         "a thread that waits for a message has an address space", thread);
    RULE((thread->waiting_on != 0) == waits_in_queue(thread),
         "T2: a thread waits on something exactly in a state of waiting", thread);
    RULE(!thread->faulted || thread->state == SENDING || thread->state == CALLING,
         "a thread that waits for its fault handler is in a call", thread);
    RULE(!thread->foreign || thread->faulted || thread->state == STOPPED ||
             thread->state == READY || thread->state == FAULTED,
         "T6: a foreign thread waits for its fault handler only", thread);
    RULE(!thread->interrupt || (thread->foreign && thread->state != READY),
         "T6: a thread that is to be interrupted is foreign, and has not gone on", thread);
    return true;
}

// --- Who waits for whom

constexpr size_t WAITS_NODE = offsetof(struct thread, wait);

static const struct thread *known_server(const struct thread *thread)
{
    return thread->server != 0        ? thread_at(thread->server)
           : thread->state == CALLING ? thread_at(thread->borrower)
                                      : nullptr;
}

static bool check_bound(const struct thread *thread)
{
    const struct endpoint *endpoint = link_target(thread->endpoint);
    const struct endpoint *at = thread->state == SENDING || thread->state == RECEIVING
                                    ? link_target(thread->waiting_on)
                                    : nullptr;

    RULE(endpoint == nullptr || (is_object(thread->endpoint, KOZO_TYPE_ENDPOINT) &&
                                 endpoint->bound == link_to(thread)),
         "E2: a thread and its bound endpoint agree", thread);
    RULE(at == nullptr || thread->state != RECEIVING || at->bound == 0 ||
             at->bound == link_to(thread),
         "E2: nobody else receives on a bound endpoint", thread);
    RULE(at == nullptr || thread->state != SENDING || at->bound == 0 || thread->server == at->bound,
         "W2: who queues at a bound endpoint waits for its thread", thread);
    return true;
}

static bool check_waits(const struct thread *thread)
{
    const struct thread *server = thread_at(thread->server);
    unsigned passed =
        thread->waiters == 0
            ? 0
            : KOZO_PRIORITIES - 1 - (unsigned)heap_node(thread->waiters, WAITS_NODE)->key;
    unsigned steps = 0;

    RULE(thread->priority == (passed > thread->own_priority ? passed : thread->own_priority),
         "W1: a thread runs at its own priority, or that of one who waits for it", thread);
    const struct thread *borrower = thread_at(thread->borrower);
    RULE(server == nullptr || thread->state == SENDING || thread->state == CALLING,
         "W2: only who waits stands in a heap", thread);
    RULE(server != nullptr || thread->state != CALLING || borrower == nullptr ||
             thread->priority <= borrower->own_priority,
         "W2: a caller of higher priority than its server stands in a heap", thread);
    RULE((thread->server == 0) == (thread->wait.rank == 0), "W2: a thread names the heap it is in",
         thread);
    RULE(server == nullptr || is_object(thread->server, KOZO_TYPE_THREAD),
         "W2: a thread waits for a thread", thread);
    if (server != nullptr) {
        RULE(thread->wait.key == KOZO_PRIORITIES - 1 ||
                 thread->wait.key == KOZO_PRIORITIES - 1u - thread->priority,
             "W1: a thread passes on the priority that it runs at", thread);
    }
    for (const struct thread *at = known_server(thread); at != nullptr; at = known_server(at)) {
        RULE(at != thread && steps++ < UNITS, "W3: nobody waits for itself", thread);
    }
    return check_bound(thread) &&
           check_node(thread, WAITS_NODE, server == nullptr ? 0 : server->waiters);
}

static bool check_extra(const struct thread *thread)
{
    const struct extended_state *state = link_target(thread->extended);
    bool any = thread->foreign || state != nullptr || arch_debug_in_use(&thread->registers);

    RULE(state == nullptr || (is_object(thread->extended, KOZO_TYPE_EXTENDED_STATE) &&
                              state->thread == link_to(thread)),
         "X1: a thread and its ExtendedState name each other", thread);
    RULE(thread->extra == (any ? link_to(thread) : 0),
         "X2: a thread with something extra names itself", thread);
    return true;
}

bool check_extended_states(void)
{
    const struct extended_state *state;

    for (unsigned at = 0; (state = next_object(&at, KOZO_TYPE_EXTENDED_STATE)) != nullptr;) {
        RULE(state->thread == 0 || (is_object(state->thread, KOZO_TYPE_THREAD) &&
                                    thread_at(state->thread)->extended == link_to(state)),
             "X1: an ExtendedState and its thread name each other", state);
    }
    return true;
}

static bool check_thread(const struct thread *thread)
{
    const struct sched_context *time = link_target(thread->time);
    bool runnable = thread->state == READY && time != nullptr && !sched_context_is_spent(time);

    RULE(thread->cpu < kernel.processors && (time == nullptr || thread->cpu == time->cpu),
         "V1: a thread belongs to the processor of its time", thread);
    RULE(thread->queued == (runnable && thread != kernel.cpu[thread->cpu].current),
         "T1: a thread is in a ready list exactly when it can run and does not", thread);
    RULE(thread->queued || waits_in_queue(thread) ||
             (thread->queue_next == 0 && thread->queue_previous == 0),
         "a thread that is in no queue has no neighbours", thread);
    RULE(thread->context.type == KOZO_TYPE_NONE ||
             sched_context_of(&thread->context)->owner == link_to(thread),
         "a thread owns the SchedContext in its slot", thread);
    return check_time(thread) && check_links(thread) && check_waits(thread) && check_extra(thread);
}

static bool belongs_ready(const struct thread *thread, const void *context)
{
    const struct thread_queue *queue = context;
    const struct cpu *cpu = &kernel.cpu[thread->cpu];

    return thread->queued && queue == &cpu->queue[thread->priority];
}

static bool check_ready(const struct cpu *cpu, unsigned *queued)
{
    for (unsigned priority = 0; priority < KOZO_PRIORITIES; priority++) {
        const struct thread_queue *queue = &cpu->queue[priority];
        unsigned length = queue_length(queue, belongs_ready, queue);
        bool marked = (cpu->ready[priority / 64] >> priority % 64 & 1) != 0;
        RULE(length < UNITS, "V2: a ready list holds the queued threads of its priority", cpu);
        RULE(marked == (length > 0), "the bitmap tells which ready lists are not empty", cpu);
        *queued -= length;
    }
    return true;
}

bool check_threads(void)
{
    const struct thread *thread;
    unsigned queued = 0;

    for (unsigned at = 0; (thread = next_object(&at, KOZO_TYPE_THREAD)) != nullptr;) {
        if (!check_thread(thread)) {
            return false;
        }
        queued += thread->queued;
    }
    for (unsigned i = 0; i < kernel.processors; i++) {
        if (!check_ready(&kernel.cpu[i], &queued)) {
            return false;
        }
    }
    RULE(queued == 0, "T1: every queued thread is in a ready list", &kernel);
    return true;
}
