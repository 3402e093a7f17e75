// SPDX-License-Identifier: MIT
// The end of the system, told in full: one line on the console, a crash record on the second serial
// port, then this processor stops. The record has no user data, and at most CRASH_RECORD_SIZE
// bytes; its form is in docs/crash.md.
#pragma once

struct arch_registers;
struct fault;

// Ends the system because the kernel itself is in a state that must not be. `reason` is a constant
// sentence.
[[noreturn]] void panic(const char *reason);

// The same for an exception inside the kernel, or for one that no kernel survives.
[[noreturn]] void panic_exception(const char *reason, const struct arch_registers *registers);

// Ends the system because init is gone. `registers` are init's, `fault` what it did, or null.
[[noreturn]] void panic_init(const char *reason, const struct arch_registers *registers,
                             const struct fault *fault);

// Panics when a rule that the kernel relies on does not hold.
#define ASSERT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            panic("assertion failed: " #condition);                                                \
        }                                                                                          \
    } while (false)
