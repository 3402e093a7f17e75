// SPDX-License-Identifier: MIT
#include "object/extended_state.h"

#include "cap/lookup.h"
#include "object/thread.h"
#include "sched/extra.h"
#include "sched/processors.h"
#include "sched/scheduler.h"
#include "syscall/call.h"

unsigned extended_state_bits(void)
{
    uint64_t size = sizeof(struct extended_state) + arch_extended_size();

    return arch_extended_size() == 0 ? 0 : 64 - (unsigned)__builtin_clzll(size - 1);
}

void extended_state_create(struct object *object)
{
    object->grave.header.bits = (uint8_t)extended_state_bits();
    arch_extended_create(((struct extended_state *)object)->area);
}

bool extended_state_reap(struct cpu *cpu, struct object *object)
{
    struct extended_state *state = (struct extended_state *)object;

    if (state->thread != 0) {
        extended_state_unbind(cpu, thread_at(state->thread));
    }
    return true;
}

void extended_state_unbind(struct cpu *cpu, struct thread *thread)
{
    struct extended_state *state = link_target(thread->extended);

    if (state != nullptr) {
        processors_interrupt_thread(cpu, thread);
        extra_leave(cpu, thread);
        state->thread = 0;
        thread->extended = 0;
        extra_decide(thread);
        scheduler_disturb(cpu);
    }
}

enum kozo_error extended_state_bind_call(struct call *call)
{
    struct extended_state *state = extended_state_of(call->slot);
    struct lookup found =
        lookup_typed(call->caller, call->argument[0], KOZO_TYPE_THREAD, KOZO_RIGHT_CONTROL);

    if (found.error != KOZO_OK) {
        return found.error;
    }
    struct thread *thread = thread_of(found.slot);
    if (state->thread != 0 || thread->extended != 0 || !thread_is_held(thread)) {
        return KOZO_BAD_STATE;
    }

    extra_leave(call->cpu, thread);
    state->thread = link_to(thread);
    thread->extended = link_to(state);
    extra_decide(thread);
    return KOZO_OK;
}
