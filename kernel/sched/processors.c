// SPDX-License-Identifier: MIT
#include "sched/processors.h"

#include "mem/flush.h"
#include "object/thread.h"
#include "sched/extra.h"
#include "sched/scheduler.h"

static uint64_t bit_of(const struct cpu *cpu)
{
    return (uint64_t)1 << cpu->number;
}

// --- The lock -----------------------------------------------------------------------------------

bool lock_wait(struct cpu *cpu)
{
    const struct thread *came = cpu->current;

    while (atomic_exchange_explicit(&kernel.lock.held, 1, memory_order_acquire) != 0) {
        while (atomic_load_explicit(&kernel.lock.held, memory_order_relaxed) != 0) {
            (void)processor_serve(cpu);
            arch_pause();
        }
    }
    cpu->arch.locked = 1;
    return cpu->current == came;
}

// --- Asking -------------------------------------------------------------------------------------

bool processor_serve(struct cpu *cpu)
{
    uint32_t asked = atomic_load_explicit(&cpu->asked, memory_order_acquire);

    if (asked == 0) {
        return false;
    }
    if ((asked & CPU_FLUSH) != 0) {
        flush_here();
    }
    if ((asked & CPU_LEAVE) != 0) {
        extra_switch(cpu, 0);
        arch_processor_leave();
    }
    atomic_store_explicit(&cpu->asked, 0, memory_order_release);
    return (asked & CPU_LEAVE) != 0;
}

void processors_ask(uint64_t processors, enum cpu_request request)
{
    for (uint64_t left = processors; left != 0; left &= left - 1) {
        struct cpu *other = &kernel.cpu[__builtin_ctzll(left)];
        atomic_store_explicit(&other->asked, request, memory_order_release);
        arch_processor_interrupt(other->number);
    }
    for (uint64_t left = processors; left != 0; left &= left - 1) {
        const struct cpu *other = &kernel.cpu[__builtin_ctzll(left)];
        while (atomic_load_explicit(&other->asked, memory_order_acquire) != 0) {
            arch_pause();
        }
    }
}

[[gnu::noinline]] uint64_t processors_in_several(physical_t root)
{
    uint64_t processors = 0;

    for (unsigned i = 0; i < kernel.processors; i++) {
        processors |= (uint64_t)(kernel.cpu[i].arch.root == root) << i;
    }
    return processors;
}

// --- Threads ------------------------------------------------------------------------------------

struct cpu *thread_processor(const struct thread *thread)
{
    return &kernel.cpu[thread->cpu];
}

void processors_take_off(const struct cpu *cpu, const struct thread *thread)
{
    struct cpu *other = thread_processor(thread);

    if (other != cpu && other->current == thread) {
        processors_ask(bit_of(other), CPU_LEAVE);
        other->current = nullptr;
        scheduler_disturb(other);
    }
}

void processors_interrupt_thread(struct cpu *cpu, struct thread *thread)
{
    struct cpu *other = thread_processor(thread);

    if (other->current == thread && other != cpu) {
        processors_take_off(cpu, thread);
        scheduler_add_first(cpu, thread);
    }
}

void processors_leave_space(struct cpu *cpu, physical_t root)
{
    uint64_t inside = processors_in(root);
    uint64_t others = inside & ~bit_of(cpu);

    if ((inside & bit_of(cpu)) != 0) {
        arch_space_leave();
        scheduler_disturb(cpu);
    }
    processors_ask(others, CPU_LEAVE);
    for (; others != 0; others &= others - 1) {
        struct cpu *other = &kernel.cpu[__builtin_ctzll(others)];
        struct thread *thread = other->current;
        other->current = nullptr;
        scheduler_disturb(other);
        if (thread != nullptr) {
            scheduler_add_first(cpu, thread);
        }
    }
}
