// SPDX-License-Identifier: MIT
// The ways into the kernel from a running system. Each is called by the arch's entry code on the
// processor's own stack, with interrupts off and the registers of the current thread saved, and
// returns the thread to resume; null means that nobody is ready and the processor should idle. The
// address space of the thread that is returned is the current one.
//
// Each takes the kernel's lock (sched/processors.h) first, but for system calls, for which the arch
// takes it. The arch gives it back before it resumes the thread, and after it has saved whatever it
// still keeps of the thread that came in.
//
// A system call comes in two halves, since the first is all that most need: if it gives OK, and
// nothing is pending in struct cpu, then the current thread goes on with OK as its answer. Else the
// second is called, with what the first gave.
#pragma once

#include "kozo/abi.h"

struct call;
struct cpu;
struct thread;

// What went wrong in user mode.
struct fault {
    uint32_t kind;      // enum kozo_fault
    uint32_t access;    // for a page fault: the right that was missing, KOZO_RIGHT_…
    uint64_t address;   // for a page fault: where
    uint64_t exception; // the processor's number of the exception
    uint64_t code;      // the processor's error code
};

// The current thread made a system call: `call` of its processor.
enum kozo_error syscall_begin(struct call *call);
struct thread *syscall_end(struct cpu *cpu, enum kozo_error error);

// The current thread did something that the processor refused.
struct thread *kernel_fault(struct cpu *cpu, const struct fault *fault);

// A device raised an interrupt. The processor may have been idle.
struct thread *kernel_interrupt(struct cpu *cpu, unsigned interrupt);

// The time that arch_timer_set asked for has come. The processor may have been idle.
struct thread *kernel_timer(struct cpu *cpu);

// Another processor changed who is to run here. The processor may have been idle.
struct thread *kernel_reschedule(struct cpu *cpu);
