// SPDX-License-Identifier: MIT
// On whose behalf a call is carried out: what handlers of all folders may know of the process, and what they may ask for it. It is
// part of a process (process/process.h), which alone changes it but for the two tables.
#pragma once

#include "strand.h"
#include "user.h"

#include <stdint.h>

struct descriptors; // file/descriptors.h
struct folders;     // file/path.h: root, working directory and umask
struct terminal;    // file/terminal.h
struct lease;       // file/lease.h

constexpr unsigned GROUPS_MOST = 32;

struct credentials {
    uint32_t user, effective_user, saved_user, file_user;
    uint32_t group, effective_group, saved_group, file_group;
    uint32_t group_count;
    uint32_t groups[GROUPS_MOST];
};

struct limit {
    uint64_t soft;
    uint64_t hard;
};

constexpr unsigned LIMITS = 16; // RLIMIT_CPU to RLIMIT_RTTIME

struct caller {
    struct descriptors *descriptors;
    struct folders *folders;
    struct credentials credentials;
    struct limit limit[LIMITS];
    uint32_t process; // numbers as the program sees them
    uint32_t parent;
    uint32_t group;
    uint32_t session;
    struct terminal *terminal; // controlling; null for none
    struct lease *lease;       // that of the sudo under which it runs; null for none
};

// The process on whose behalf the strand runs now. Never null inside a handler.
[[nodiscard]] struct caller *caller(void);

// What signal/ does for folders above it. `code` and `value` go into siginfo.
void signal_thread_of_call(int signal, int code, uint64_t value);
void signal_group(uint32_t group, int signal);
void signal_process(uint32_t process, int signal, int code, uint64_t value);
// Whether the calling thread ignores or blocks a signal (SIGTTOU, SIGTTIN).
[[nodiscard]] bool signal_is_held_back(int signal);

// Whether no process of a group has a parent in another group of its session: nobody could let it go on once it is stopped.
[[nodiscard]] bool group_is_orphaned(uint32_t group);
// The session that a group is in; 0 when there is no such group.
[[nodiscard]] uint32_t group_session(uint32_t group);

// Puts another signal mask in the place of the calling thread's until the call has ended, and the handler of a signal that
// broke it off has begun. An address of 0 changes nothing. 0, -EFAULT, or -EINVAL for a wrong size.
[[nodiscard]] int64_t signal_mask_during_call(struct user mask, uint64_t size);

// For signalfd: whether one of these signals is pending for the calling thread or its process; takes it in the form that signalfd
// gives it (128 bytes). The queue is woken when one becomes pending for the process.
[[nodiscard]] bool signal_is_pending(uint64_t set);
[[nodiscard]] bool signal_take(uint64_t set, void *record);
[[nodiscard]] struct wait_queue *signal_queue(void);
