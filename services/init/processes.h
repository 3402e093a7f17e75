// SPDX-License-Identifier: MIT
// The processes that init started: making them as the system description says, hearing what they
// say, and ending them.
//
// A process speaks over the inbox with its badge: its number, shifted to leave one bit that tells
// the kernel's messages about its faults from its own, and marked so that no badge looks like a
// signal.
#pragma once

#include <kozo/process.h>
#include <kozo/protocol.h>
#include <kozo/system.h>

#include "supply.h"

struct init;
struct service;

constexpr size_t PROCESSES_MOST = 64;
constexpr uint64_t BADGE_PROCESS = 1ul << 32;

// Of calls that were meant for a service which is down: a number that no process has.
constexpr uint64_t BADGE_ABSENT = BADGE_PROCESS | PROCESSES_MOST << 1;

// Exit statuses that init gives itself.
constexpr int STATUS_INTERRUPTED = 130; // by Ctrl-C
constexpr int STATUS_FAULT = 139;       // the program did something that the processor refused
constexpr int STATUS_NOT_RUNNABLE = 126;
constexpr int STATUS_NOT_FOUND = 127;

// What a program has written and the terminal has no room for. The program waits meanwhile.
struct writer {
    struct kozo_reply reply; // holds its call; handle 0 before it first had to wait
    bool waits;
    size_t done;
    size_t length;
    char text[KOZO_PROCESS_WRITE_TEXT_MAX];
};

struct process {
    bool live;
    bool ended; // it has come to its end, and for a program `status` says how
    int status;
    uint32_t life;           // tells its sessions from those of its lives before
    uint32_t job;            // number of a program that runs in the background; 0 for others
    uint64_t started;        // ticks, of a job
    struct service *service; // null for a program
    const struct kozo_system_program *entry;
    size_t signal;                    // the gift that is its own notification; SIZE_MAX for none
    size_t session[KOZO_SYSTEM_USES]; // the gifts with which it calls its services
    char name[KOZO_SYSTEM_FILE];
    struct kozo_process process;
    struct supply supply; // memory that it took when it needed it
    struct writer writer;
};

struct processes {
    struct kozo_endpoint inbox;       // what processes say
    struct kozo_reply reply;          // with which init receives
    struct kozo_notification signals; // see events.h; bound to init's thread
    const struct process *foreground; // whom a person at the terminal waits for; null for nobody
    uint64_t typed;                   // slot of what tells it that something was typed; 0 at first
    uint64_t passing;                 // slot through which capabilities go to processes
    uint32_t lives;                   // programs started so far
    size_t writing;                   // the process whose text comes next, when some wait
    struct process process[PROCESSES_MOST];
};

// Makes inbox and notification. Null, or the reason for which it can't be done.
[[nodiscard]] const char *processes_start(struct init *init);

struct processes_result {
    const char *reason; // null when it was made
    struct process *process;
};

// Makes a process out of a file of the initrd, with what `entry` (may be null) gives; `service` is
// null for a program. The first argument is its name. It does not run yet.
[[nodiscard]] struct processes_result
processes_create(struct init *init, const char *file, const struct kozo_system_program *entry,
                 struct service *service, char *const *arguments, size_t count, uint64_t priority);

// Runs a program until it ends, is interrupted or faults, and takes it apart. Gives its status.
// Output and, for a fault, one line about it go to the terminal.
[[nodiscard]] int processes_run(struct init *init, struct process *process);

// A service is gone: those whose faults it answered have lost their memory with it, and end.
void processes_lose(struct init *init, const struct service *service);

// An answer that carries a copy of a capability, made with these rights and range.
[[nodiscard]] struct kozo_message processes_pass(struct init *init, uint64_t handle,
                                                 uint64_t rights, uint64_t range);

// Carries out a message that came to the inbox.
void processes_hear(struct init *init, const struct kozo_received *received);

// The terminal has room again: goes on with texts that wait for it, one program after the other, each
// with the whole of what it wrote.
void processes_write_on(struct init *init);

// Something was typed for who has the terminal as it is, or nothing will be any more.
void processes_tell_typed(struct init *init);

// Ends a process.
void processes_end(struct init *init, struct process *process);

// A capability that the process was given, by its number among the gifts, as a handle for init.
[[nodiscard]] uint64_t processes_given(const struct init *init, const struct process *process,
                                       size_t number);
