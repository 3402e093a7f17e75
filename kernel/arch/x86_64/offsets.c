// SPDX-License-Identifier: MIT
// Holds offsets.h to what it stands for. Makes no code.
#include "offsets.h"

#include "kernel.h"
#include "object/thread.h"
#include "x86.h"

#define SAME_REGISTER(constant, member)                                                            \
    static_assert((constant) + FRAME_END == offsetof(struct arch_registers, member))
#define SAME_CPU(constant, member) static_assert((constant) == offsetof(struct arch_cpu, member))

static_assert(FRAME_END == offsetof(struct arch_registers, ss) + 8);
static_assert(FRAME_VECTOR == offsetof(struct arch_registers, vector));
static_assert(FRAME_CS == offsetof(struct arch_registers, cs));
SAME_REGISTER(R_RAX, operation);
SAME_REGISTER(R_RDI, handle);
SAME_REGISTER(R_RSI, argument[0]);
SAME_REGISTER(R_RDX, argument[1]);
SAME_REGISTER(R_R8, argument[2]);
SAME_REGISTER(R_R9, argument[3]);
SAME_REGISTER(R_R10, argument[4]);
SAME_REGISTER(R_R12, argument[5]);
SAME_REGISTER(R_R13, argument[6]);
SAME_REGISTER(R_R14, argument[7]);
SAME_REGISTER(R_R15, argument[8]);
SAME_REGISTER(R_RBX, rbx);
SAME_REGISTER(R_RBP, rbp);
SAME_REGISTER(R_VECTOR, vector);
SAME_REGISTER(R_RIP, rip);
SAME_REGISTER(R_RFLAGS, rflags);
SAME_REGISTER(R_RSP, rsp);
SAME_REGISTER(R_FS_BASE, fs_base);
SAME_REGISTER(R_GS_BASE, gs_base);

SAME_CPU(CPU_SELF, self);
SAME_CPU(CPU_STACK, stack);
SAME_CPU(CPU_CALL, call);
SAME_CPU(CPU_USER_RSP, user_rsp);
SAME_CPU(CPU_FSGSBASE, fsgsbase);
SAME_CPU(CPU_SHORT_EXIT, short_exit);
SAME_CPU(CPU_LOCKED, locked);
SAME_CPU(CPU_FRAME_END, tss.rsp0);
SAME_CPU(CPU_IDLE, idle);

// entry.S pushes what stands between the frame and the struct's start in this order.
static_assert(offsetof(struct arch_registers, rip) ==
              offsetof(struct arch_registers, error) + sizeof(uint64_t));
static_assert(offsetof(struct arch_registers, rcx) ==
              offsetof(struct arch_registers, rbp) + sizeof(uint64_t));
static_assert(offsetof(struct arch_registers, r11) ==
              offsetof(struct arch_registers, vector) - sizeof(uint64_t));

// The processor rounds its stack pointer down to 16 before it pushes a frame.
static_assert((offsetof(struct arch_cpu, idle) + FRAME_END) % 16 == 0);
static_assert((THREAD_REGISTERS + FRAME_END) % 16 == 0);
static_assert(alignof(struct thread) % 16 == 0);

static_assert(THREAD_REGISTERS == offsetof(struct thread, registers));
static_assert(offsetof(struct cpu, arch) == 0);
static_assert(CPU_PENDING == offsetof(struct cpu, pending));
static_assert(KERNEL_HELD == offsetof(struct kernel, lock) + offsetof(struct lock, held));
static_assert(VECTOR_SYSCALL == X86_VECTOR_SYSCALL);
static_assert(KERNEL_DATA == SELECTOR_KERNEL_DATA);
static_assert(EXCEPTION_DEBUG_VECTOR == EXCEPTION_DEBUG);
static_assert(VECTOR_IDLE == X86_VECTOR_IDLE);
