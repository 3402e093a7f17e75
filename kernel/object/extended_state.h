// SPDX-License-Identifier: MIT
// ExtendedState: memory for the registers that only some threads use, such as those of SSE and AVX.
//
// A thread that it is bound to may use them; any other gets an exception. Its content is in the
// processor exactly while that thread runs there (sched/extra.h), else in `area`.
//
// Invariant X1: an ExtendedState and the thread that it is bound to name each other.
#pragma once

#include "object/object.h"

struct call;
struct thread;

struct extended_state {
    struct object object;
    link_t thread; // that it is bound to

    // As the processor keeps it: arch_extended_size() bytes.
    alignas(KOZO_SLOT_SIZE) unsigned char area[];
};

static inline struct extended_state *extended_state_of(const struct slot *capability)
{
    return link_target(capability->object);
}

// log2 of the bytes that one takes on this machine; 0 when the processor has no such registers.
unsigned extended_state_bits(void);

void extended_state_create(struct object *object);

// The thread goes on without; what it had in these registers is gone.
[[nodiscard]] bool extended_state_reap(struct cpu *cpu, struct object *object);

// Cuts what binds the thread to an ExtendedState.
void extended_state_unbind(struct cpu *cpu, struct thread *thread);

enum kozo_error extended_state_bind_call(struct call *call);
