// SPDX-License-Identifier: MIT
// Reads the system description: which service runs, and what each program of the initrd is given.
//
//     # a remark
//     console FILE             the service that serves the console; the same as program otherwise
//     program FILE             what follows is for this program when it is run
//     ports NAME FIRST COUNT   a range of I/O ports
//     irq NAME NUMBER          an interrupt, with the notification that it signals
//     memory SIZE              Untyped memory of its own (with K or M), a power of two
//     self                     its own CNode, AddressSpace, Pool, Thread and SchedContext
//     time                     the right to give out processor time
//
// A program without an entry is given nothing but the way to its parent.
#pragma once

#include <stddef.h>
#include <stdint.h>

constexpr size_t SYSTEM_PROGRAMS = 16;
constexpr size_t SYSTEM_GRANTS = 8;
constexpr size_t SYSTEM_NAME = 64;
constexpr size_t SYSTEM_SHORT_NAME = 16;

enum system_grant_kind : uint32_t {
    SYSTEM_PORTS,  // first, count
    SYSTEM_IRQ,    // number
    SYSTEM_MEMORY, // log2 of the bytes
    SYSTEM_SELF,
    SYSTEM_TIME,
};

struct system_grant {
    enum system_grant_kind kind;
    char name[SYSTEM_SHORT_NAME];
    uint64_t first;
    uint64_t count;
};

struct system_program {
    char file[SYSTEM_NAME];
    bool console;
    size_t grants;
    struct system_grant grant[SYSTEM_GRANTS];
};

struct system {
    const char *fault; // null, or what is wrong
    size_t line;       // where
    size_t programs;
    struct system_program program[SYSTEM_PROGRAMS];
};

// Reads `size` bytes of text, which may be anything.
void system_read(struct system *system, const char *text, size_t size);

// The entry of a file; null when it has none.
[[nodiscard]] const struct system_program *system_find(const struct system *system,
                                                       const char *file);

// The entry of the console service; null when there is none.
[[nodiscard]] const struct system_program *system_console(const struct system *system);
