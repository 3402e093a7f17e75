// SPDX-License-Identifier: MIT
// A queue of threads, first come first served, through their queue_next and queue_previous. A
// thread is in one queue at most, so that joining and leaving are constant time.
#pragma once

#include "lib/link.h"

struct thread;

struct thread_queue {
    link_t first, last;
};

void queue_push(struct thread_queue *queue, struct thread *thread);
void queue_push_first(struct thread_queue *queue, struct thread *thread);
void queue_remove(struct thread_queue *queue, struct thread *thread);
