// SPDX-License-Identifier: MIT
#include "sched/extra.h"

#include "object/extended_state.h"
#include "object/thread.h"

static void *area_of(const struct thread *thread)
{
    struct extended_state *state = thread == nullptr ? nullptr : link_target(thread->extended);

    return state == nullptr ? nullptr : state->area;
}

static bool uses_debug(const struct thread *thread)
{
    return thread != nullptr && arch_debug_in_use(&thread->registers);
}

void extra_change(struct cpu *cpu, link_t extra)
{
    struct thread *from = thread_at(cpu->extra & ~EXTRA_ASIDE);
    bool aside = (cpu->extra & EXTRA_ASIDE) != 0;
    struct thread *to = thread_at(extra);
    uint64_t now = arch_now();

    if (aside && area_of(from) != nullptr) {
        arch_extended_show();
    }
    if (from != nullptr && !aside) {
        from->user_time += now - cpu->extra_since;
    }
    if (area_of(from) != nullptr || area_of(to) != nullptr) {
        arch_extended_switch(area_of(from), area_of(to));
    }
    if (uses_debug(to)) {
        arch_debug_load(&to->registers);
    } else if (uses_debug(from)) {
        arch_debug_leave();
    }
    cpu->extra = extra;
    cpu->extra_since = now;
}

void extra_leave(struct cpu *cpu, const struct thread *thread)
{
    if ((cpu->extra & ~EXTRA_ASIDE) == link_to(thread)) {
        extra_change(cpu, 0);
    }
}

void extra_decide(struct thread *thread)
{
    bool any = thread->foreign || thread->extended != 0 || uses_debug(thread);

    thread->extra = any ? link_to(thread) : 0;
}
