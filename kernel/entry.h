// SPDX-License-Identifier: MIT
// The four ways into the kernel from a running system. Each is called by the arch's entry code on
// the processor's own stack, with interrupts off and the registers of the current thread saved, and
// returns the thread to resume; null means that nobody is ready and the processor should idle. The
// address space of the thread that is returned is the current one.
#pragma once

#include <stdint.h>

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

// The current thread made a system call.
struct thread *kernel_syscall(struct cpu *cpu);

// The current thread did something that the processor refused.
struct thread *kernel_fault(struct cpu *cpu, const struct fault *fault);

// A device raised an interrupt, which is masked now. The processor may have been idle.
struct thread *kernel_interrupt(struct cpu *cpu, unsigned interrupt);

// The time that arch_timer_set asked for has come. The processor may have been idle.
struct thread *kernel_timer(struct cpu *cpu);
