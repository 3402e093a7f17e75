// SPDX-License-Identifier: MIT
#include "sched/queue.h"

#include "object/thread.h"

void queue_push(struct thread_queue *queue, struct thread *thread)
{
    link_t self = link_of(thread);

    thread->queue_next = 0;
    thread->queue_previous = queue->last;
    if (queue->last != 0) {
        thread_at(queue->last)->queue_next = self;
    } else {
        queue->first = self;
    }
    queue->last = self;
}

void queue_push_first(struct thread_queue *queue, struct thread *thread)
{
    link_t self = link_of(thread);

    thread->queue_previous = 0;
    thread->queue_next = queue->first;
    if (queue->first != 0) {
        thread_at(queue->first)->queue_previous = self;
    } else {
        queue->last = self;
    }
    queue->first = self;
}

void queue_remove(struct thread_queue *queue, struct thread *thread)
{
    if (thread->queue_previous != 0) {
        thread_at(thread->queue_previous)->queue_next = thread->queue_next;
    } else {
        queue->first = thread->queue_next;
    }
    if (thread->queue_next != 0) {
        thread_at(thread->queue_next)->queue_previous = thread->queue_previous;
    } else {
        queue->last = thread->queue_previous;
    }
    thread->queue_next = 0;
    thread->queue_previous = 0;
}
