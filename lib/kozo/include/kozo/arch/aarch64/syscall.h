// SPDX-License-Identifier: MIT
//
// The way into the kernel on aarch64: SVC and nothing around it. The generated stubs fill in a
// `struct kozo_registers` and call the variant with as many argument registers as the operation has
// arguments or results. Everything is inlined, so the struct stays in registers.
//
//     x8         operation number in, error out
//     x0         handle in, badge out (receiving operations)
//     a0 … a8    x1, x2, x3, x4, x5, x6, x7, x9, x10: arguments in, results out
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
    register uint64_t x8 __asm__("x8") = operation;
    __asm__ volatile("svc #0" : "+r"(x8) : : "memory", "cc");
    return (enum kozo_error)x8;
}

// An operation with a handle and no argument register.
[[nodiscard]] [[gnu::always_inline]]
static inline enum kozo_error kozo_syscall_0(enum kozo_operation operation,
                                             struct kozo_registers *registers)
{
    register uint64_t x8 __asm__("x8") = operation;
    register uint64_t x0 __asm__("x0") = registers->handle;
    __asm__ volatile("svc #0" : "+r"(x8), "+r"(x0) : : "memory", "cc");
    registers->handle = x0;
    return (enum kozo_error)x8;
}

// With a0.
[[nodiscard]] [[gnu::always_inline]]
static inline enum kozo_error kozo_syscall_1(enum kozo_operation operation,
                                             struct kozo_registers *registers)
{
    register uint64_t x8 __asm__("x8") = operation;
    register uint64_t x0 __asm__("x0") = registers->handle;
    register uint64_t x1 __asm__("x1") = registers->a0;
    __asm__ volatile("svc #0" : "+r"(x8), "+r"(x0), "+r"(x1) : : "memory", "cc");
    registers->handle = x0;
    registers->a0 = x1;
    return (enum kozo_error)x8;
}

// With a0 to a1.
[[nodiscard]] [[gnu::always_inline]]
static inline enum kozo_error kozo_syscall_2(enum kozo_operation operation,
                                             struct kozo_registers *registers)
{
    register uint64_t x8 __asm__("x8") = operation;
    register uint64_t x0 __asm__("x0") = registers->handle;
    register uint64_t x1 __asm__("x1") = registers->a0;
    register uint64_t x2 __asm__("x2") = registers->a1;
    __asm__ volatile("svc #0" : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2) : : "memory", "cc");
    registers->handle = x0;
    registers->a0 = x1;
    registers->a1 = x2;
    return (enum kozo_error)x8;
}

// With a0 to a2.
[[nodiscard]] [[gnu::always_inline]]
static inline enum kozo_error kozo_syscall_3(enum kozo_operation operation,
                                             struct kozo_registers *registers)
{
    register uint64_t x8 __asm__("x8") = operation;
    register uint64_t x0 __asm__("x0") = registers->handle;
    register uint64_t x1 __asm__("x1") = registers->a0;
    register uint64_t x2 __asm__("x2") = registers->a1;
    register uint64_t x3 __asm__("x3") = registers->a2;
    __asm__ volatile("svc #0"
                     : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
                     :
                     : "memory", "cc");
    registers->handle = x0;
    registers->a0 = x1;
    registers->a1 = x2;
    registers->a2 = x3;
    return (enum kozo_error)x8;
}

// With a0 to a3.
[[nodiscard]] [[gnu::always_inline]]
static inline enum kozo_error kozo_syscall_4(enum kozo_operation operation,
                                             struct kozo_registers *registers)
{
    register uint64_t x8 __asm__("x8") = operation;
    register uint64_t x0 __asm__("x0") = registers->handle;
    register uint64_t x1 __asm__("x1") = registers->a0;
    register uint64_t x2 __asm__("x2") = registers->a1;
    register uint64_t x3 __asm__("x3") = registers->a2;
    register uint64_t x4 __asm__("x4") = registers->a3;
    __asm__ volatile("svc #0"
                     : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4)
                     :
                     : "memory", "cc");
    registers->handle = x0;
    registers->a0 = x1;
    registers->a1 = x2;
    registers->a2 = x3;
    registers->a3 = x4;
    return (enum kozo_error)x8;
}

// With a0 to a4.
[[nodiscard]] [[gnu::always_inline]]
static inline enum kozo_error kozo_syscall_5(enum kozo_operation operation,
                                             struct kozo_registers *registers)
{
    register uint64_t x8 __asm__("x8") = operation;
    register uint64_t x0 __asm__("x0") = registers->handle;
    register uint64_t x1 __asm__("x1") = registers->a0;
    register uint64_t x2 __asm__("x2") = registers->a1;
    register uint64_t x3 __asm__("x3") = registers->a2;
    register uint64_t x4 __asm__("x4") = registers->a3;
    register uint64_t x5 __asm__("x5") = registers->a4;
    __asm__ volatile("svc #0"
                     : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5)
                     :
                     : "memory", "cc");
    registers->handle = x0;
    registers->a0 = x1;
    registers->a1 = x2;
    registers->a2 = x3;
    registers->a3 = x4;
    registers->a4 = x5;
    return (enum kozo_error)x8;
}

// With a0 to a5.
[[nodiscard]] [[gnu::always_inline]]
static inline enum kozo_error kozo_syscall_6(enum kozo_operation operation,
                                             struct kozo_registers *registers)
{
    register uint64_t x8 __asm__("x8") = operation;
    register uint64_t x0 __asm__("x0") = registers->handle;
    register uint64_t x1 __asm__("x1") = registers->a0;
    register uint64_t x2 __asm__("x2") = registers->a1;
    register uint64_t x3 __asm__("x3") = registers->a2;
    register uint64_t x4 __asm__("x4") = registers->a3;
    register uint64_t x5 __asm__("x5") = registers->a4;
    register uint64_t x6 __asm__("x6") = registers->a5;
    __asm__ volatile("svc #0"
                     : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5),
                       "+r"(x6)
                     :
                     : "memory", "cc");
    registers->handle = x0;
    registers->a0 = x1;
    registers->a1 = x2;
    registers->a2 = x3;
    registers->a3 = x4;
    registers->a4 = x5;
    registers->a5 = x6;
    return (enum kozo_error)x8;
}

// With a0 to a6.
[[nodiscard]] [[gnu::always_inline]]
static inline enum kozo_error kozo_syscall_7(enum kozo_operation operation,
                                             struct kozo_registers *registers)
{
    register uint64_t x8 __asm__("x8") = operation;
    register uint64_t x0 __asm__("x0") = registers->handle;
    register uint64_t x1 __asm__("x1") = registers->a0;
    register uint64_t x2 __asm__("x2") = registers->a1;
    register uint64_t x3 __asm__("x3") = registers->a2;
    register uint64_t x4 __asm__("x4") = registers->a3;
    register uint64_t x5 __asm__("x5") = registers->a4;
    register uint64_t x6 __asm__("x6") = registers->a5;
    register uint64_t x7 __asm__("x7") = registers->a6;
    __asm__ volatile("svc #0"
                     : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5),
                       "+r"(x6), "+r"(x7)
                     :
                     : "memory", "cc");
    registers->handle = x0;
    registers->a0 = x1;
    registers->a1 = x2;
    registers->a2 = x3;
    registers->a3 = x4;
    registers->a4 = x5;
    registers->a5 = x6;
    registers->a6 = x7;
    return (enum kozo_error)x8;
}

// With a0 to a7.
[[nodiscard]] [[gnu::always_inline]]
static inline enum kozo_error kozo_syscall_8(enum kozo_operation operation,
                                             struct kozo_registers *registers)
{
    register uint64_t x8 __asm__("x8") = operation;
    register uint64_t x0 __asm__("x0") = registers->handle;
    register uint64_t x1 __asm__("x1") = registers->a0;
    register uint64_t x2 __asm__("x2") = registers->a1;
    register uint64_t x3 __asm__("x3") = registers->a2;
    register uint64_t x4 __asm__("x4") = registers->a3;
    register uint64_t x5 __asm__("x5") = registers->a4;
    register uint64_t x6 __asm__("x6") = registers->a5;
    register uint64_t x7 __asm__("x7") = registers->a6;
    register uint64_t x9 __asm__("x9") = registers->a7;
    __asm__ volatile("svc #0"
                     : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5),
                       "+r"(x6), "+r"(x7), "+r"(x9)
                     :
                     : "memory", "cc");
    registers->handle = x0;
    registers->a0 = x1;
    registers->a1 = x2;
    registers->a2 = x3;
    registers->a3 = x4;
    registers->a4 = x5;
    registers->a5 = x6;
    registers->a6 = x7;
    registers->a7 = x9;
    return (enum kozo_error)x8;
}

// With a0 to a8.
[[nodiscard]] [[gnu::always_inline]]
static inline enum kozo_error kozo_syscall_9(enum kozo_operation operation,
                                             struct kozo_registers *registers)
{
    register uint64_t x8 __asm__("x8") = operation;
    register uint64_t x0 __asm__("x0") = registers->handle;
    register uint64_t x1 __asm__("x1") = registers->a0;
    register uint64_t x2 __asm__("x2") = registers->a1;
    register uint64_t x3 __asm__("x3") = registers->a2;
    register uint64_t x4 __asm__("x4") = registers->a3;
    register uint64_t x5 __asm__("x5") = registers->a4;
    register uint64_t x6 __asm__("x6") = registers->a5;
    register uint64_t x7 __asm__("x7") = registers->a6;
    register uint64_t x9 __asm__("x9") = registers->a7;
    register uint64_t x10 __asm__("x10") = registers->a8;
    __asm__ volatile("svc #0"
                     : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5),
                       "+r"(x6), "+r"(x7), "+r"(x9), "+r"(x10)
                     :
                     : "memory", "cc");
    registers->handle = x0;
    registers->a0 = x1;
    registers->a1 = x2;
    registers->a2 = x3;
    registers->a3 = x4;
    registers->a4 = x5;
    registers->a5 = x6;
    registers->a6 = x7;
    registers->a7 = x9;
    registers->a8 = x10;
    return (enum kozo_error)x8;
}
