// SPDX-License-Identifier: MIT
// The processes that init started: making them as the system description says, hearing what they
// say, and ending them.
//
// A process speaks over the inbox with its badge: its number, shifted to leave one bit that tells
// the kernel's messages about its faults from its own, and marked so that no badge looks like a
// signal.
#pragma once

#include <kozo/process.h>

#include "system.h"

struct init;

constexpr size_t PROCESSES_MOST = 8;
constexpr uint64_t BADGE_PROCESS = 1ul << 32;
constexpr uint64_t SIGNAL_INTERRUPT = 1; // badge of the notification that the console driver has

// Exit statuses that init gives itself.
constexpr int STATUS_INTERRUPTED = 130; // by Ctrl-C
constexpr int STATUS_FAULT = 139;       // the program did something that the processor refused
constexpr int STATUS_NOT_RUNNABLE = 126;
constexpr int STATUS_NOT_FOUND = 127;

struct process {
    bool live;
    char name[SYSTEM_NAME];
    struct kozo_process process;
};

struct processes {
    struct kozo_endpoint inbox;    // what commands' processes say
    struct kozo_endpoint services; // what services say, heard by the watcher
    struct kozo_reply reply;
    struct kozo_notification interrupt; // Ctrl-C; bound to init's thread
    struct process process[PROCESSES_MOST];
};

// Makes inbox, reply and notification. Null, or the reason for which it can't be done.
[[nodiscard]] const char *processes_start(struct init *init);

struct processes_result {
    const char *reason; // null when it was made
    const char *detail; // what it is about, may be null
    struct process *process;
};

// Makes a process out of a file of the initrd, with what `entry` (may be null) gives. The first
// argument is the file's name. It does not run yet.
[[nodiscard]] struct processes_result processes_create(struct init *init, const char *file,
                                                       const struct system_program *entry,
                                                       char *const *arguments, size_t count,
                                                       uint64_t priority);

// Runs a process until it ends, is interrupted or faults, and takes it apart. Gives its status.
// Output and, for a fault, one line about it go to the terminal.
[[nodiscard]] int processes_run(struct init *init, struct process *process);

// Ends a process.
void processes_end(struct init *init, struct process *process);

// The number of the slot in the process's own CNode that holds what it was given under this name by
// the description, as a handle for init.
[[nodiscard]] uint64_t processes_given(struct init *init, const struct process *process,
                                       size_t number);
