// SPDX-License-Identifier: MIT
// What the kernel keeps for one processor: who runs, who is ready, and how long this entry has
// worked.
//
// Ready threads wait in one list for each of 256 priorities, first come first served; a bitmap
// tells which lists are not empty. The thread that runs is in none of them.
//
// All fields belong to the processor itself.
#pragma once

#include "arch/arch.h"
#include "kozo/abi.h"
#include "lib/link.h"
#include "sched/queue.h"

struct thread;

constexpr unsigned CPU_PRIORITY_WORDS = KOZO_PRIORITIES / 64;

struct cpu {
    struct arch_cpu arch;

    struct thread *current; // whose registers the next exit restores; null when idle
    link_t context;         // the SchedContext that is charged for what happens now
    uint64_t charged;       // up to when it was charged
    uint64_t armed;         // what the timer was set to
    link_t alarms;          // the heap of what is due at a time

    uint32_t work;  // steps of long operations since this entry into the kernel
    bool restart;   // the current thread's system call is to start again
    bool disturbed; // the choice of who runs has to be made anew
    uint8_t number; // of this processor

    uint64_t ready[CPU_PRIORITY_WORDS]; // bit set: the list of that priority is not empty
    struct thread_queue queue[KOZO_PRIORITIES];
};

// Counts one step of a long operation. True when it is time to leave the kernel: the caller then
// unwinds, in a valid state, and the system call starts again by itself. The number of steps is
// fixed, so that what the kernel does depends on nothing but its input.
static inline bool cpu_work_is_due(struct cpu *cpu)
{
    cpu->work++;
    return cpu->work >= ARCH_WORK_LIMIT;
}
