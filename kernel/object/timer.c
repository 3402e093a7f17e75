// SPDX-License-Identifier: MIT
#include "object/timer.h"

#include "cap/delete.h"
#include "object/notification.h"
#include "object/sched_context.h"
#include "syscall/call.h"

bool timer_reap(struct cpu *cpu, struct object *object)
{
    struct timer *timer = (struct timer *)object;

    alarm_cancel(&timer->alarm);
    return slot_delete(cpu, &timer->notification);
}

void timer_expire(struct cpu *cpu, struct timer *timer, uint64_t deadline, uint64_t now)
{
    timer->expired++;
    if (timer->period != 0) {
        uint64_t missed = (now - deadline) / timer->period;
        timer->expired += missed;
        alarm_set(cpu, &timer->alarm, deadline + (missed + 1) * timer->period);
    }
    if (timer->notification.type == KOZO_TYPE_NOTIFICATION) {
        notification_signal(cpu, notification_of(&timer->notification), timer->notification.value);
    }
}

enum kozo_error timer_bind_call(struct call *call)
{
    return notification_fill_slot(call, &timer_of(call->slot)->notification);
}

enum kozo_error timer_set_call(struct call *call)
{
    struct timer *timer = timer_of(call->slot);
    uint64_t period = call->argument[1];

    if (period != 0 && (period < ticks_of(TIMER_PERIOD_MIN) || period > TIMER_PERIOD_MAX)) {
        return KOZO_BAD_ARGUMENT;
    }

    alarm_cancel(&timer->alarm);
    timer->period = period;
    alarm_set(call->cpu, &timer->alarm, call->argument[0]);
    return KOZO_OK;
}

enum kozo_error timer_cancel_call(struct call *call)
{
    alarm_cancel(&timer_of(call->slot)->alarm);
    return KOZO_OK;
}

enum kozo_error timer_info_call(struct call *call)
{
    const struct timer *timer = timer_of(call->slot);

    call->argument[0] = timer->alarm.node.key;
    call->argument[1] = timer->period;
    call->argument[2] = timer->expired;
    return KOZO_OK;
}
