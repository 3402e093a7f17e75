// SPDX-License-Identifier: MIT
// What a thread keeps of the processor, and what the entry code keeps for a processor.
//
// The registers of a thread are saved where they stay: the task state segment points at the end of
// the current thread's interrupt frame, so an interrupt from user mode pushes straight into the
// thread, and so does the system call path by hand. Nothing is copied. Offsets for the entry code
// are in offsets.h, which is checked against these structs.
#pragma once

#include <stddef.h>
#include <stdint.h>

// The value of `vector` in a thread that came in by SYSCALL: it goes back by SYSRET, and its rcx
// and r11 are lost. All others are real vectors, and the thread goes back by IRET with every
// register.
constexpr uint64_t X86_VECTOR_SYSCALL = 256;
constexpr uint64_t X86_VECTOR_RESTORE = 0; // goes back with every register, wherever it came in
constexpr uint64_t X86_VECTOR_IDLE = 257;  // struct arch_cpu.idle

struct arch_registers {
    uint64_t operation;   // rax
    uint64_t handle;      // rdi
    uint64_t argument[9]; // rsi, rdx, r8, r9, r10, r12, r13, r14, r15
    uint64_t rbx;
    uint64_t rbp;
    uint64_t rcx;
    uint64_t r11;
    uint64_t vector;
    uint64_t error; // the processor's error code of an exception, else 0

    // The frame that the processor pushes (Intel SDM volume 3, section 6.14.2).
    uint64_t rip;
    uint64_t cs;
    uint64_t rflags;
    uint64_t rsp;
    uint64_t ss;

    // Current only while another thread runs: a thread may change its own, so they are saved when
    // the processor turns to another thread.
    uint64_t fs_base;
    uint64_t gs_base;

    // DR0 to DR3 and DR7.
    uint64_t debug_address[4];
    uint64_t debug_control;
};

// A task state segment: stacks, and no ports for user mode (Intel SDM volume 3, section 7.7).
struct [[gnu::packed]] x86_tss {
    uint32_t reserved0;
    uint64_t rsp0; // end of the current thread's interrupt frame
    uint64_t rsp1;
    uint64_t rsp2;
    uint64_t reserved1;
    uint64_t ist[7]; // ist[n] is number n + 1 in a gate
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t ports; // offset of the port bitmap; past the limit, so that there is none
};

// The first member of struct cpu. The GS base is its address while the kernel runs.
struct arch_cpu {
    struct cpu *self;
    uint64_t stack;      // top of the kernel stack
    struct call *call;   // of this processor
    uint64_t user_rsp;   // rsp of the caller, for some instructions after SYSCALL
    uint32_t fsgsbase;   // 1 when user mode may write the FS and GS bases itself
    uint32_t short_exit; // 1 when it may, and there is no lock to give back
    uint64_t root;       // CR3 as it is
    uint64_t deadline;   // when kernel_timer is due, in ticks; UINT64_MAX when it is not
    uint32_t locked;     // 1 while this processor holds the kernel's lock; puts tss.rsp0 at a
                         // multiple of 8
    struct x86_tss tss;
    uint64_t gdt[8];

    // Takes the place of a thread's registers while the processor is idle.
    alignas(16) struct arch_registers idle;

    uint32_t apic; // the number of its local APIC
};
