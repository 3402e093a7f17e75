// SPDX-License-Identifier: MIT
// What processors have to do with each other: the kernel's one lock, and what the processor that
// holds it asks of the others.
//
// Every entry of entry.h takes the lock first. The arch gives it back on the way out, after it has
// saved all that it keeps of the thread that came in, so that a thread which got ready elsewhere is
// whole. Who is first gets it: an order would let all wait for one that a virtual machine's host has
// put aside. As long as one processor runs nobody takes it.
//
// Only the holder asks, and it waits for the answer. Whoever is asked is in user mode or idle, and
// is interrupted; or it waits for the lock, and answers while it waits; or it is on its way out,
// and is interrupted there. It never takes the lock before it has answered, so no two processors
// wait for each other.
//
// A thread that is taken off the processor on which it runs is afterwards as any other that is
// ready: so only this file knows that several threads run at once. If that thread was just coming
// in with a system call or a fault, that entry has not happened: it comes in again when it runs
// again.
//
// Invariants
//   V1  A thread is current on at most one processor: that of the SchedContext that it uses.
//   V2  A thread that is queued is in a ready list of that processor.
//   V3  A processor asks nothing, and nothing is asked of it, while nobody holds the lock.
#pragma once

#include "kernel.h"

struct thread;

// What the holder of the lock wants of another processor: bits of cpu.asked.
enum cpu_request : uint32_t {
    CPU_FLUSH = 1, // carry out kernel.flush
    CPU_LEAVE = 2, // leave the current thread and its address space
};

// Slow part of lock_take.
[[nodiscard]] bool lock_wait(struct cpu *cpu);

// Takes the lock. False when the thread that came in was taken off this processor meanwhile: what
// it wanted has not happened, and somebody else is to be chosen.
[[nodiscard]] static inline bool lock_take(struct cpu *cpu)
{
    return !kernel.lock.needed || lock_wait(cpu);
}

// Does what was asked of this processor, whose thread's registers are saved. True when it has left
// its thread: it must then come in by kernel_reschedule or another entry.
bool processor_serve(struct cpu *cpu);

// Asks all of `processors`, a bit each, and waits until they have done it. `cpu` is not one of
// them.
void processors_ask(uint64_t processors, enum cpu_request request);

// The processors that have this root table loaded, a bit each.
uint64_t processors_in_several(physical_t root);

static inline uint64_t processors_in(physical_t root)
{
    return kernel.processors == 1 ? kernel.cpu[0].arch.root == root : processors_in_several(root);
}

// Takes a thread off another processor if it is current there.
void processors_take_off(const struct cpu *cpu, const struct thread *thread);

// The same; the thread is ready then.
void processors_interrupt_thread(struct cpu *cpu, struct thread *thread);

// No processor uses these page tables any more. Threads that ran in them are ready.
void processors_leave_space(struct cpu *cpu, physical_t root);

// The processor that a thread belongs to, or was on last.
struct cpu *thread_processor(const struct thread *thread);
