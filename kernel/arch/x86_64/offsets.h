// SPDX-License-Identifier: MIT
// Numbers that assembly needs and C owns. offsets.c asserts each against the struct or constant
// that it stands for, so that a wrong one fails the build.
#pragma once

// struct arch_registers, from the end of the interrupt frame: what the task state segment points
// at.
#define FRAME_END 176
#define R_RAX     (0 - FRAME_END)
#define R_RDI     (8 - FRAME_END)
#define R_RSI     (16 - FRAME_END)
#define R_RDX     (24 - FRAME_END)
#define R_R8      (32 - FRAME_END)
#define R_R9      (40 - FRAME_END)
#define R_R10     (48 - FRAME_END)
#define R_R12     (56 - FRAME_END)
#define R_R13     (64 - FRAME_END)
#define R_R14     (72 - FRAME_END)
#define R_R15     (80 - FRAME_END)
#define R_RBX     (88 - FRAME_END)
#define R_RBP     (96 - FRAME_END)
#define R_VECTOR  (120 - FRAME_END)
#define R_RIP     (136 - FRAME_END)
#define R_RFLAGS  (152 - FRAME_END)
#define R_RSP     (160 - FRAME_END)
#define R_FS_BASE (176 - FRAME_END)
#define R_GS_BASE (184 - FRAME_END)
// From the start of the struct.
#define FRAME_VECTOR 120
#define FRAME_CS     144

// struct arch_cpu
#define CPU_SELF       0
#define CPU_STACK      8
#define CPU_CALL       16
#define CPU_USER_RSP   24
#define CPU_FSGSBASE   32
#define CPU_SHORT_EXIT 36
#define CPU_LOCKED     56
#define CPU_FRAME_END  64 // tss.rsp0
#define CPU_IDLE       240

// struct cpu
#define CPU_PENDING 480

// struct thread
#define THREAD_REGISTERS 64

// struct kernel
#define KERNEL_HELD 68

#define VECTOR_SYSCALL 256
#define VECTOR_IDLE    257

// What the careful entries find at the end of their stack, and the size and alignment of that
// stack.
#define CAREFUL_STACK 4096
#define MSR_FS_BASE   0xc0000100
#define MSR_GS_BASE   0xc0000101
#define MSR_KERNEL_GS 0xc0000102

#define KERNEL_DATA            0x10
#define EXCEPTION_DEBUG_VECTOR 1
#define DEBUG_STATUS_FIRST     0xffff0ff0

#define STUB_SIZE           16
#define STUB_EXCEPTIONS     32
#define STUB_INTERRUPT_SIZE 8

// Of the first processor's kernel stack, from the start of x86_stacks.
#define STACK_TOP 0x5000
