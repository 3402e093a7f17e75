// SPDX-License-Identifier: MIT
// What a thread keeps of the processor, and what is kept for each processor. Layouts only: there is no
// code yet that fills them.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct arch_registers {
    uint64_t operation;   // x8
    uint64_t handle;      // x0
    uint64_t argument[9]; // x1 to x7, x9, x10
    uint64_t other[20];   // x11 to x30

    // What an exception to EL1 leaves in registers (Arm Architecture Reference Manual, DDI 0487, part D).
    uint64_t instruction; // ELR_EL1: where to go on; that is after the SVC of a system call
    uint64_t state;       // SPSR_EL1
    uint64_t syndrome;    // ESR_EL1: why the thread came in

    uint64_t stack;          // SP_EL0
    uint64_t thread_pointer; // TPIDR_EL0
};

static_assert(offsetof(struct arch_registers, operation) == 0);
static_assert(offsetof(struct arch_registers, handle) == 8);
static_assert(offsetof(struct arch_registers, argument) == 16);
static_assert(offsetof(struct arch_registers, other) == 11 * 8);
static_assert(offsetof(struct arch_registers, instruction) == 31 * 8);

// The first member of struct cpu. TPIDR_EL1 is its address while the kernel runs.
struct arch_cpu {
    uint64_t stack;    // top of the kernel stack
    uint64_t root;     // TTBR0_EL1 as it is; 0 while no user address space is current
    uint64_t deadline; // when kernel_timer is due, in ticks; UINT64_MAX when it is not
    uint32_t locked;   // 1 while this processor holds the kernel's lock

    // Takes the place of a thread's registers while the processor is idle.
    alignas(16) struct arch_registers idle;
};
