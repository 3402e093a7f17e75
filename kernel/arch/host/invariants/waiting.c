// SPDX-License-Identifier: MIT
// Queues, Replies, and the time that SchedContexts have.
#include "found.h"
#include "object/notification.h"
#include "object/reply.h"
#include "object/sched_context.h"
#include "object/thread.h"
#include "rules.h"

unsigned queue_length(const struct thread_queue *queue,
                      bool (*belongs)(const struct thread *thread, const void *context),
                      const void *context)
{
    unsigned length = 0;
    link_t previous = 0;

    for (link_t at = queue->first; at != 0; at = thread_at(at)->queue_next) {
        const struct thread *thread = thread_at(at);
        if (!is_object(at, KOZO_TYPE_THREAD) || thread->queue_previous != previous ||
            !belongs(thread, context) || length == UNITS) {
            return UNITS;
        }
        previous = at;
        length++;
    }
    return queue->last == previous ? length : UNITS;
}

static bool belongs_waiting(const struct thread *thread, const void *context)
{
    const struct waitable *waitable = context;
    const struct thread *first = thread_at(waitable->queue.first);

    return thread->waiting_on == link_to(waitable) && thread->state == first->state;
}

static bool check_waitable(const struct waitable *waitable, bool notification, unsigned *waiting)
{
    unsigned length = queue_length(&waitable->queue, belongs_waiting, waitable);
    const struct thread *first = thread_at(waitable->queue.first);

    RULE(length < UNITS, "E1: all threads in a queue wait for the same", waitable);
    RULE(first == nullptr || (first->state == WAITING) == notification,
         "T2: threads send and receive on endpoints, and wait on notifications", waitable);
    *waiting += length;
    return true;
}

static bool check_notification(const struct notification *notification)
{
    const struct thread *bound = thread_at(notification->bound);

    RULE(bound == nullptr || (is_object(notification->bound, KOZO_TYPE_THREAD) &&
                              bound->notification == link_to(notification)),
         "a bound notification and its thread agree", notification);
    RULE(notification->bits == 0 || (notification->waitable.queue.first == 0 &&
                                     (bound == nullptr || bound->state != RECEIVING)),
         "N1: bits are kept only while nobody waits for them", notification);
    return true;
}

bool check_waiting(void)
{
    const struct waitable *waitable;
    const struct thread *thread;
    unsigned waiting = 0;

    for (unsigned at = 0; (waitable = next_object(&at, KOZO_TYPE_ENDPOINT)) != nullptr;) {
        const struct endpoint *endpoint = (const struct endpoint *)waitable;
        RULE(endpoint->bound == 0 || (is_object(endpoint->bound, KOZO_TYPE_THREAD) &&
                                      thread_at(endpoint->bound)->endpoint == link_to(endpoint)),
             "E2: a bound endpoint and its thread agree", endpoint);
        if (!check_waitable(waitable, false, &waiting)) {
            return false;
        }
    }
    for (unsigned at = 0; (waitable = next_object(&at, KOZO_TYPE_NOTIFICATION)) != nullptr;) {
        if (!check_waitable(waitable, true, &waiting) ||
            !check_notification((const struct notification *)waitable)) {
            return false;
        }
    }
    for (unsigned at = 0; (thread = next_object(&at, KOZO_TYPE_THREAD)) != nullptr;) {
        waiting -= thread->waiting_on != 0;
    }
    RULE(waiting == 0, "T2: a thread that waits is in the queue of what it waits on", &kernel);
    return true;
}

bool check_replies(void)
{
    const struct reply *reply;

    for (unsigned at = 0; (reply = next_object(&at, KOZO_TYPE_REPLY)) != nullptr;) {
        RULE(reply->thread == 0 || (is_object(reply->thread, KOZO_TYPE_THREAD) &&
                                    thread_at(reply->thread)->reply == link_to(reply)),
             "T3: Reply and thread agree", reply);
    }
    return true;
}

static bool check_budget(const struct sched_context *context)
{
    int64_t sum = context->left;

    RULE(context->left <= (int64_t)context->budget, "no more is left than the budget", context);
    RULE(context->refills <= REFILLS, "a SchedContext has its refills", context);
    for (unsigned i = 0; i < context->refills; i++) {
        sum += context->refill[i].amount;
        RULE(i == 0 || context->refill[i].at > context->refill[i - 1].at,
             "B1: refills are in the order of time", context);
    }
    RULE(context->period == 0 ? context->refills == 0 && context->left >= 0
                              : sum == (int64_t)context->budget,
         "B1: what is left and what comes back is the budget", context);
    RULE(!sched_context_is_spent(context) ||
             (context->left <= 0 && context->alarm.node.key == context->refill[0].at),
         "B2: a spent SchedContext waits for its first refill", context);
    return true;
}

bool check_contexts(void)
{
    const struct sched_context *context;

    for (unsigned at = 0; (context = next_object(&at, KOZO_TYPE_SCHED_CONTEXT)) != nullptr;) {
        RULE(context->user == 0 || (is_object(context->user, KOZO_TYPE_THREAD) &&
                                    thread_at(context->user)->time == link_to(context)),
             "T5: a SchedContext's user uses it", context);
        RULE(context->owner == 0 || (is_object(context->owner, KOZO_TYPE_THREAD) &&
                                     thread_at(context->owner)->context.object == link_to(context)),
             "a SchedContext's owner holds it", context);
        RULE(context->user == 0 || context->owner != 0, "time that is used has an owner", context);
        if (!check_budget(context)) {
            return false;
        }
    }
    return true;
}
