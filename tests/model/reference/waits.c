// SPDX-License-Identifier: MIT
// Who waits for whom, and at what priority a thread runs: the highest of its own and of those that
// wait for it.
#include "reference.h"

// A circle is followed from any of its threads to each of them, so the number of threads is enough.
enum kozo_error check_wait(struct model *model, name_t thread, name_t endpoint)
{
    name_t at = object_in(model, endpoint)->meeting.bound;

    for (unsigned i = 0; i < MODEL_THREADS && at != 0; i++) {
        if (at == thread) {
            return KOZO_DEADLOCK;
        }
        at = thread_in(model, at)->server;
    }
    return KOZO_OK;
}

void settle_priority(struct model *model, name_t thread)
{
    while (thread != 0) {
        struct model_thread *settled = thread_in(model, thread);
        unsigned priority = settled->own_priority;
        for (name_t i = 1; i < UNITS; i++) {
            const struct model_object *other = object_in(model, i);
            if (other->type == KOZO_TYPE_THREAD && other->thread.server == thread &&
                other->thread.priority > priority) {
                priority = other->thread.priority;
            }
        }
        if (priority != settled->priority) {
            leave_ready(model, thread);
            settled->priority = (uint8_t)priority;
            join_ready(model, thread);
        }
        thread = settled->server;
    }
}

void begin_wait(struct model *model, name_t thread, name_t server)
{
    thread_in(model, thread)->server = server;
    settle_priority(model, server);
}

void end_wait(struct model *model, name_t thread)
{
    name_t server = thread_in(model, thread)->server;

    thread_in(model, thread)->server = 0;
    settle_priority(model, server);
}
