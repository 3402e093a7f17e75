// SPDX-License-Identifier: MIT
// What a thread keeps of the processor. There is nobody to run user code, so little is needed:
// tests fill in the registers of a system call, and the instruction pointer tells whether it is to
// start again.
#pragma once

#include <stdint.h>

// Bytes of the system call instruction: a test moves the instruction pointer past it, a restart
// moves it back.
constexpr uint64_t HOST_SYSCALL_SIZE = 2;

// What a thread's registers say of the mode that it runs in, as the segments and the flags of x86 do: set
// once, and by nobody but arch_registers_start.
constexpr uint64_t HOST_USER_MODE = 3;

struct arch_registers {
    uint64_t operation;
    uint64_t handle;
    uint64_t argument[9];
    uint64_t instruction;
    uint64_t stack;
    uint64_t back; // after a system call that was answered in the process: the address after it
    uint64_t thread_pointer;
    uint64_t debug; // a breakpoint; 0 for none
    uint64_t mode;
};

struct arch_cpu {
    uint64_t root; // of the address space that is current; 0 for none
    uint64_t deadline;
    uint32_t locked;
};
