// SPDX-License-Identifier: MIT
#include "sched/alarm.h"

#include "kernel.h"
#include "object/sched_context.h"
#include "object/timer.h"

void alarm_arm_earlier(struct cpu *cpu, uint64_t deadline)
{
    cpu->armed = deadline;
    arch_timer_set(deadline);
}

void alarm_prepare(struct cpu *cpu)
{
    if (cpu->alarms != 0) {
        alarm_arm(cpu, heap_node(cpu->alarms, ALARM_NODE)->key);
    }
}

void alarm_set(struct cpu *cpu, struct alarm *alarm, uint64_t deadline)
{
    alarm->cpu = cpu->number;
    heap_add(&cpu->alarms, link_to(alarm), ALARM_NODE, deadline);
    alarm_arm(cpu, deadline);
}

void alarm_cancel(struct alarm *alarm)
{
    if (alarm_is_set(alarm)) {
        heap_remove(&kernel.cpu[alarm->cpu].alarms, link_to(alarm), ALARM_NODE);
    }
}

void alarm_tick(struct cpu *cpu)
{
    uint64_t now = arch_now();

    for (unsigned i = 0; i < ALARMS_AT_ONCE && cpu->alarms != 0; i++) {
        struct alarm *alarm = link_target(cpu->alarms);
        uint64_t deadline = alarm->node.key;
        if (deadline > now) {
            return;
        }
        heap_remove(&cpu->alarms, cpu->alarms, ALARM_NODE);
        if (alarm->object.grave.header.type == KOZO_TYPE_TIMER) {
            timer_expire(cpu, (struct timer *)alarm, deadline, now);
        } else {
            sched_context_expire(cpu, (struct sched_context *)alarm, now);
        }
    }
}
