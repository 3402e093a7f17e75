// SPDX-License-Identifier: MIT
#include "sched/alarm.h"

#include "object/timer.h"
#include "sched/cpu.h"

void alarm_arm(struct cpu *cpu, uint64_t deadline)
{
    if (deadline < cpu->armed) {
        cpu->armed = deadline;
        arch_timer_set(deadline);
    }
}

void alarm_prepare(struct cpu *cpu)
{
    if (cpu->alarms != 0) {
        alarm_arm(cpu, heap_node(cpu->alarms, ALARM_NODE)->key);
    }
}

void alarm_set(struct cpu *cpu, struct alarm *alarm, uint64_t deadline)
{
    heap_add(&cpu->alarms, link_to(alarm), ALARM_NODE, deadline);
    alarm_arm(cpu, deadline);
}

void alarm_cancel(struct cpu *cpu, struct alarm *alarm)
{
    if (alarm_is_set(alarm)) {
        heap_remove(&cpu->alarms, link_to(alarm), ALARM_NODE);
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
        timer_expire(cpu, (struct timer *)alarm, deadline, now);
    }
}
