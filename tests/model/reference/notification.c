// SPDX-License-Identifier: MIT
// Notification: signal, wait, poll.
#include "reference.h"

void give_signal(struct model *model, name_t place, uint64_t badge)
{
    struct model_object *notification = object_in(model, place);
    uint64_t bits = badge == 0 ? 1 : badge;
    name_t waiter = notification->meeting.queue.thread[0];
    name_t bound = notification->meeting.bound;

    if (waiter != 0) {
        stop_waiting(model, waiter);
        thread_in(model, waiter)->registers.argument[0] = bits;
        wake(model, waiter, KOZO_OK);
    } else if (bound != 0 && thread_in(model, bound)->state == RECEIVING) {
        give_signals(model, bound, bits);
        cancel(model, bound, KOZO_OK);
    } else {
        notification->meeting.signals |= bits;
    }
}

enum kozo_error do_signal(struct making *call)
{
    give_signal(call->model, call->object, slot_in(call->model, call->slot)->value);
    return KOZO_OK;
}

enum kozo_error do_poll(struct making *call)
{
    struct model_object *notification = object_in(call->model, call->object);

    call->argument[0] = notification->meeting.signals;
    notification->meeting.signals = 0;
    return KOZO_OK;
}

enum kozo_error do_wait(struct making *call)
{
    if (object_in(call->model, call->object)->meeting.signals != 0) {
        return do_poll(call);
    }
    wait_on(call->model, call->object, call->caller, WAITING);
    return KOZO_OK;
}
