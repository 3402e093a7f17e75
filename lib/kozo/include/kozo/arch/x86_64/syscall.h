// SPDX-License-Identifier: MIT
//
// The way into the kernel on x86_64: the SYSCALL instruction and nothing around it. The generated
// stubs fill in a `struct kozo_registers` and call the variant with as many argument registers as
// the operation has arguments or results. Everything is inlined, so the struct stays in registers.
//
//     rax        operation number in, error out
//     rdi        handle in, badge out (receiving operations)
//     a0 … a8    rsi, rdx, r8, r9, r10, r12, r13, r14, r15: arguments in, results out
//     rcx, r11   lost; they hold rip and rflags across SYSCALL
//
// All other registers are kept, also those argument registers that an operation does not use.
#pragma once

#include <kozo/abi.h>
#include <stdint.h>

struct kozo_registers {
    uint64_t handle; // the handle; after a receiving operation the badge
    uint64_t a0;     // arguments, then results, in order
    uint64_t a1;
    uint64_t a2;
    uint64_t a3;
    uint64_t a4;
    uint64_t a5;
    uint64_t a6;
    uint64_t a7;
    uint64_t a8;
};

// Some value, at the cost of no instruction: for a register that only brings a result back. It is
// volatile so that two such values are never taken for the same one, which would cost a move.
[[gnu::always_inline]]
static inline uint64_t kozo_unset(void)
{
    uint64_t value;
    __asm__ volatile("" : "=r"(value));
    return value;
}

// An operation with neither handle nor arguments.
[[nodiscard]] [[gnu::always_inline]]
static inline enum kozo_error kozo_syscall_bare(enum kozo_operation operation)
{
    uint64_t result = operation;
    __asm__ volatile("syscall" : "+a"(result) : : "rcx", "r11", "memory", "cc");
    return (enum kozo_error)result;
}

// An operation with a handle and no argument register.
[[nodiscard]] [[gnu::always_inline]]
static inline enum kozo_error kozo_syscall_0(enum kozo_operation operation,
                                             struct kozo_registers *registers)
{
    uint64_t result = operation;
    __asm__ volatile("syscall"
                     : "+a"(result), "+D"(registers->handle)
                     :
                     : "rcx", "r11", "memory", "cc");
    return (enum kozo_error)result;
}

// With a0.
[[nodiscard]] [[gnu::always_inline]]
static inline enum kozo_error kozo_syscall_1(enum kozo_operation operation,
                                             struct kozo_registers *registers)
{
    uint64_t result = operation;
    __asm__ volatile("syscall"
                     : "+a"(result), "+D"(registers->handle), "+S"(registers->a0)
                     :
                     : "rcx", "r11", "memory", "cc");
    return (enum kozo_error)result;
}

// With a0 to a1.
[[nodiscard]] [[gnu::always_inline]]
static inline enum kozo_error kozo_syscall_2(enum kozo_operation operation,
                                             struct kozo_registers *registers)
{
    uint64_t result = operation;
    __asm__ volatile("syscall"
                     : "+a"(result), "+D"(registers->handle), "+S"(registers->a0),
                       "+d"(registers->a1)
                     :
                     : "rcx", "r11", "memory", "cc");
    return (enum kozo_error)result;
}

// With a0 to a2.
[[nodiscard]] [[gnu::always_inline]]
static inline enum kozo_error kozo_syscall_3(enum kozo_operation operation,
                                             struct kozo_registers *registers)
{
    uint64_t result = operation;
    register uint64_t r8 __asm__("r8") = registers->a2;
    __asm__ volatile("syscall"
                     : "+a"(result), "+D"(registers->handle), "+S"(registers->a0),
                       "+d"(registers->a1), "+r"(r8)
                     :
                     : "rcx", "r11", "memory", "cc");
    registers->a2 = r8;
    return (enum kozo_error)result;
}

// With a0 to a3.
[[nodiscard]] [[gnu::always_inline]]
static inline enum kozo_error kozo_syscall_4(enum kozo_operation operation,
                                             struct kozo_registers *registers)
{
    uint64_t result = operation;
    register uint64_t r8 __asm__("r8") = registers->a2;
    register uint64_t r9 __asm__("r9") = registers->a3;
    __asm__ volatile("syscall"
                     : "+a"(result), "+D"(registers->handle), "+S"(registers->a0),
                       "+d"(registers->a1), "+r"(r8), "+r"(r9)
                     :
                     : "rcx", "r11", "memory", "cc");
    registers->a2 = r8;
    registers->a3 = r9;
    return (enum kozo_error)result;
}

// With a0 to a4.
[[nodiscard]] [[gnu::always_inline]]
static inline enum kozo_error kozo_syscall_5(enum kozo_operation operation,
                                             struct kozo_registers *registers)
{
    uint64_t result = operation;
    register uint64_t r8 __asm__("r8") = registers->a2;
    register uint64_t r9 __asm__("r9") = registers->a3;
    register uint64_t r10 __asm__("r10") = registers->a4;
    __asm__ volatile("syscall"
                     : "+a"(result), "+D"(registers->handle), "+S"(registers->a0),
                       "+d"(registers->a1), "+r"(r8), "+r"(r9), "+r"(r10)
                     :
                     : "rcx", "r11", "memory", "cc");
    registers->a2 = r8;
    registers->a3 = r9;
    registers->a4 = r10;
    return (enum kozo_error)result;
}

// With a0 to a5.
[[nodiscard]] [[gnu::always_inline]]
static inline enum kozo_error kozo_syscall_6(enum kozo_operation operation,
                                             struct kozo_registers *registers)
{
    uint64_t result = operation;
    register uint64_t r8 __asm__("r8") = registers->a2;
    register uint64_t r9 __asm__("r9") = registers->a3;
    register uint64_t r10 __asm__("r10") = registers->a4;
    register uint64_t r12 __asm__("r12") = registers->a5;
    __asm__ volatile("syscall"
                     : "+a"(result), "+D"(registers->handle), "+S"(registers->a0),
                       "+d"(registers->a1), "+r"(r8), "+r"(r9), "+r"(r10), "+r"(r12)
                     :
                     : "rcx", "r11", "memory", "cc");
    registers->a2 = r8;
    registers->a3 = r9;
    registers->a4 = r10;
    registers->a5 = r12;
    return (enum kozo_error)result;
}

// With a0 to a6.
[[nodiscard]] [[gnu::always_inline]]
static inline enum kozo_error kozo_syscall_7(enum kozo_operation operation,
                                             struct kozo_registers *registers)
{
    uint64_t result = operation;
    register uint64_t r8 __asm__("r8") = registers->a2;
    register uint64_t r9 __asm__("r9") = registers->a3;
    register uint64_t r10 __asm__("r10") = registers->a4;
    register uint64_t r12 __asm__("r12") = registers->a5;
    register uint64_t r13 __asm__("r13") = registers->a6;
    __asm__ volatile("syscall"
                     : "+a"(result), "+D"(registers->handle), "+S"(registers->a0),
                       "+d"(registers->a1), "+r"(r8), "+r"(r9), "+r"(r10), "+r"(r12), "+r"(r13)
                     :
                     : "rcx", "r11", "memory", "cc");
    registers->a2 = r8;
    registers->a3 = r9;
    registers->a4 = r10;
    registers->a5 = r12;
    registers->a6 = r13;
    return (enum kozo_error)result;
}

// With a0 to a7.
[[nodiscard]] [[gnu::always_inline]]
static inline enum kozo_error kozo_syscall_8(enum kozo_operation operation,
                                             struct kozo_registers *registers)
{
    uint64_t result = operation;
    register uint64_t r8 __asm__("r8") = registers->a2;
    register uint64_t r9 __asm__("r9") = registers->a3;
    register uint64_t r10 __asm__("r10") = registers->a4;
    register uint64_t r12 __asm__("r12") = registers->a5;
    register uint64_t r13 __asm__("r13") = registers->a6;
    register uint64_t r14 __asm__("r14") = registers->a7;
    __asm__ volatile("syscall"
                     : "+a"(result), "+D"(registers->handle), "+S"(registers->a0),
                       "+d"(registers->a1), "+r"(r8), "+r"(r9), "+r"(r10), "+r"(r12), "+r"(r13),
                       "+r"(r14)
                     :
                     : "rcx", "r11", "memory", "cc");
    registers->a2 = r8;
    registers->a3 = r9;
    registers->a4 = r10;
    registers->a5 = r12;
    registers->a6 = r13;
    registers->a7 = r14;
    return (enum kozo_error)result;
}

// With a0 to a8.
[[nodiscard]] [[gnu::always_inline]]
static inline enum kozo_error kozo_syscall_9(enum kozo_operation operation,
                                             struct kozo_registers *registers)
{
    uint64_t result = operation;
    register uint64_t r8 __asm__("r8") = registers->a2;
    register uint64_t r9 __asm__("r9") = registers->a3;
    register uint64_t r10 __asm__("r10") = registers->a4;
    register uint64_t r12 __asm__("r12") = registers->a5;
    register uint64_t r13 __asm__("r13") = registers->a6;
    register uint64_t r14 __asm__("r14") = registers->a7;
    register uint64_t r15 __asm__("r15") = registers->a8;
    __asm__ volatile("syscall"
                     : "+a"(result), "+D"(registers->handle), "+S"(registers->a0),
                       "+d"(registers->a1), "+r"(r8), "+r"(r9), "+r"(r10), "+r"(r12), "+r"(r13),
                       "+r"(r14), "+r"(r15)
                     :
                     : "rcx", "r11", "memory", "cc");
    registers->a2 = r8;
    registers->a3 = r9;
    registers->a4 = r10;
    registers->a5 = r12;
    registers->a6 = r13;
    registers->a7 = r14;
    registers->a8 = r15;
    return (enum kozo_error)result;
}
