// SPDX-License-Identifier: MIT
// Timer: bind, set, cancel, info, and what happens at the deadline.
#include "reference.h"

enum kozo_error do_timer_bind(struct making *call)
{
    struct dying dying = {};
    name_t place = call->object + PART_TIMER;
    name_t slot = 0;

    if (call->argument[0] != 0) {
        enum kozo_error error =
            find_typed(call, call->argument[0], KOZO_TYPE_NOTIFICATION, WRITE, &slot);
        if (error != KOZO_OK) {
            return error;
        }
        if (slot_in(call->model, slot)->lease != 0) {
            return KOZO_BAD_TYPE;
        }
    }

    delete_slot(call->model, &dying, place);
    if (slot != 0) {
        copy_slot(call->model, slot, place, IN_CNODE);
    }
    end_all(call->model, &dying);
    return KOZO_OK;
}

enum kozo_error do_timer_set(struct making *call)
{
    struct model_object *timer = object_in(call->model, call->object);
    uint64_t period = call->argument[1];

    // A tick is a microsecond here.
    if (period != 0 && (period < TIMER_PERIOD_MIN || period > TIMER_PERIOD_MAX)) {
        return KOZO_BAD_ARGUMENT;
    }

    timer->timer.set = true;
    timer->timer.deadline = call->argument[0];
    timer->timer.period = period;
    return KOZO_OK;
}

enum kozo_error do_timer_cancel(struct making *call)
{
    object_in(call->model, call->object)->timer.set = false;
    object_in(call->model, call->object)->timer.deadline = 0;
    return KOZO_OK;
}

enum kozo_error do_timer_info(struct making *call)
{
    const struct model_object *timer = object_in(call->model, call->object);

    call->argument[0] = timer->timer.deadline;
    call->argument[1] = timer->timer.period;
    call->argument[2] = timer->timer.expired;
    return KOZO_OK;
}

static void expire(struct model *model, name_t place, uint64_t now)
{
    struct model_object *timer = object_in(model, place);
    const struct model_slot *notification = slot_in(model, place + PART_TIMER);

    timer->timer.expired++;
    if (timer->timer.period == 0) {
        timer->timer.set = false;
        timer->timer.deadline = 0;
    } else {
        timer->timer.deadline += timer->timer.period;
        // What was missed is counted, and not made up for.
        while (timer->timer.deadline <= now) {
            timer->timer.deadline += timer->timer.period;
            timer->timer.expired++;
        }
    }
    if (notification->type == KOZO_TYPE_NOTIFICATION) {
        give_signal(model, notification->object, notification->value);
    }
}

void timers_expire(struct model *model, uint64_t now)
{
    for (name_t i = 1; i < UNITS; i++) {
        const struct model_object *timer = object_in(model, i);
        if (timer->type == KOZO_TYPE_TIMER && timer->timer.set && timer->timer.deadline <= now) {
            expire(model, i, now);
        }
    }
}
