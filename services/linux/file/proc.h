// SPDX-License-Identifier: MIT
// What /proc shows of processes, asked from process/, which fills these functions in.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct caller;
struct file;
struct entry;
struct node;

struct process_facts {
    uint32_t process, parent, group, session;
    uint32_t terminal; // device number of the controlling terminal, 0 for none
    uint32_t terminal_group;
    char state; // as in /proc/PID/stat: R, S, D, T, Z
    char name[16];
    uint32_t threads;
    uint64_t user_ns, system_ns, children_user_ns, children_system_ns;
    uint64_t started_ns;        // monotonic
    uint64_t size;              // bytes of address space
    uint64_t resident;          // bytes of memory in use
    uint64_t text, data, stack; // bytes
    uint64_t minor_faults, major_faults;
    uint64_t code_start, code_end, stack_start;
    int32_t nice;
    int32_t priority;
    int32_t score_adjust;
    uint32_t exit_code;
    uint64_t signals_pending, signals_blocked, signals_ignored, signals_caught;
};

// The first process (or thread of a process) with a number of at least `from`; 0 for none.
[[nodiscard]] uint32_t process_next(uint32_t from);
[[nodiscard]] uint32_t process_thread_next(uint32_t process, uint32_t from);

// 0, or -ESRCH when there is no such.
[[nodiscard]] int64_t process_facts(uint32_t process, struct process_facts *facts);
[[nodiscard]] int64_t process_thread_facts(uint32_t process, uint32_t thread,
                                           struct process_facts *facts);
// What handlers may know of it; null when there is none, and for a zombie. Good until the next wait.
[[nodiscard]] struct caller *process_caller(uint32_t process);
// The program that it runs, counted; null for none.
[[nodiscard]] struct file *process_program(uint32_t process);

// Arguments and environment as the program has them in its memory now: bytes from an offset on. How many, or an error.
[[nodiscard]] int64_t process_arguments(uint32_t process, char *to, size_t size, uint64_t offset);
[[nodiscard]] int64_t process_environment(uint32_t process, char *to, size_t size, uint64_t offset);
[[nodiscard]] int64_t process_auxiliary(uint32_t process, char *to, size_t size, uint64_t offset);

// One mapping: the first that ends above an address. False when there is none.
struct mapping_facts {
    uint64_t start, end, offset;
    char rights[5];    // "r-xp"
    struct file *file; // borrowed; null for anonymous memory
    const char *name;  // "[heap]" and the like; null for none
    uint64_t resident;
};
[[nodiscard]] bool process_mapping(uint32_t process, uint64_t above, struct mapping_facts *facts);

[[nodiscard]] int64_t process_set_name(uint32_t process, const char *name, size_t length);
[[nodiscard]] int64_t process_set_score(uint32_t process, int32_t adjust);

// Of the whole sandbox.
struct sandbox_facts {
    uint32_t processors;
    uint64_t started_ns; // realtime at start-up
    uint64_t forks;      // processes made so far
    uint64_t calls;      // system calls so far
    uint64_t idle_ns;    // of all processors
    uint64_t user_ns, system_ns;
    uint32_t running, threads;
    uint32_t newest;
    const char *host_name;
    // What linuxd has of its own for the programs: capability slots, runs of slots for Mappings, page tables.
    uint64_t slots, blocks, tables;
};
void sandbox_facts(struct sandbox_facts *facts);

// The root of /proc, counted once; null when memory is used up.
[[nodiscard]] struct node *proc_system(void);
