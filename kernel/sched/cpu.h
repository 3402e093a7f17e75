// SPDX-License-Identifier: MIT
// What the kernel keeps for one processor: who runs, who is ready, the system call in progress, and
// how long this entry has worked.
//
// Ready threads wait in one list for each of 256 priorities, first come first served; a bitmap
// tells which lists are not empty. The thread that runs is in none of them.
//
// All fields but `asked` belong to whoever holds the kernel's lock. Between two entries nothing is
// pending but what another processor wants, and the call is that which the current thread may make.
#pragma once

#include <stdatomic.h>

#include "arch/arch.h"
#include "kozo/abi.h"
#include "lib/link.h"
#include "sched/queue.h"

struct slot;
struct thread;

// A system call: see syscall/call.h.
struct call {
    struct cpu *cpu;
    struct thread *caller;
    uint64_t *argument; // the nine argument registers of the caller
    struct slot *slot;  // the capability that was invoked; of no meaning for operations of Kernel
                        // and of slots
    uint64_t number, handle; // as the caller gave them; of an audited call only
    link_t object;           // what the call is about, for the audit log
    uint64_t badge;          // likewise
};

// What is left to do at the end of a system call, beside to answer OK to the thread that made it.
enum cpu_pending : uint32_t {
    PENDING_CHOICE = 1,   // the choice of who runs has to be made anew
    PENDING_RESTART = 2,  // the system call is to start again
    PENDING_AUDIT = 4,    // its success goes to the audit log
    PENDING_ANSWERED = 8, // no answer is due: the registers are as they should be

    // Nothing, but another thread is current. By itself, and more than any error.
    PENDING_SWITCHED = 256,
};

// Why the next system call can't be looked up at once.
enum cpu_detour : uint32_t {
    DETOUR_FOREIGN = 1, // the current thread is foreign
};

constexpr unsigned CPU_PRIORITY_WORDS = KOZO_PRIORITIES / 64;

struct cpu {
    struct arch_cpu arch;

    uint32_t pending; // enum cpu_pending
    uint32_t detour;  // enum cpu_detour

    struct thread *current; // whose registers the next exit restores; null when idle
    link_t context;         // the SchedContext that is charged for what happens now
    uint64_t charged;       // up to when it was charged
    uint64_t armed;         // what the timer was set to
    link_t alarms;          // the heap of what is due at a time

    link_t extra;         // whose extra state the processor has: sched/extra.h
    uint64_t extra_since; // when that changed

    uint32_t work;  // steps of long operations since this entry into the kernel
    uint8_t number; // of this processor

    _Atomic uint32_t asked; // what the holder of the lock waits for, of enum cpu_request

    struct call call;
    struct thread_queue late; // READY threads that are to be told that what they borrowed is spent

    uint64_t ready[CPU_PRIORITY_WORDS]; // bit set: the list of that priority is not empty
    struct thread_queue queue[KOZO_PRIORITIES];
};

// The processor whose call this is.
static inline struct cpu *cpu_of_call(struct call *call)
{
    return (struct cpu *)((uintptr_t)call - offsetof(struct cpu, call));
}

// Counts one step of a long operation. True when it is time to leave the kernel: the caller then
// unwinds, in a valid state, and the system call starts again by itself. The number of steps is
// fixed, so that what the kernel does depends on nothing but its input.
static inline bool cpu_work_is_due(struct cpu *cpu)
{
    cpu->work++;
    return cpu->work >= ARCH_WORK_LIMIT;
}
