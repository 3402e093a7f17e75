// SPDX-License-Identifier: MIT
// A system call of a Linux program: six words in, one out. A result from -4095 to -1 is an error of Linux
// (core/errno.h); what restarts says so by one of the numbers below, which no program ever sees.
#pragma once

#include <stdint.h>

struct thread;

// On whose behalf: caller() in core/caller.h.
struct call {
    struct thread *thread;
    uint64_t number;
    uint64_t argument[6];
};

typedef int64_t call_handler(const struct call *call);

// A wait was broken off by a signal. What becomes of the call is decided when the signal is taken:
enum restart : int64_t {
    RESTART_CALL =
        -512, // again, if the handler of the signal has SA_RESTART or there is none; else EINTR
    RESTART_ALWAYS = -513, // again, if there is no handler; else EINTR (poll, nanosleep)
    RESTART_NO_HANDLER = RESTART_ALWAYS, // pause, sigsuspend: they wait until a handler has run
};

// How far a call is supported, for the table and the page that is generated from it.
enum support : uint8_t {
    CALL_WHOLE, // as Linux has it, as far as known
    CALL_PART,  // with the difference that its note names
    CALL_NONE,  // ENOSYS, or the error that its note names
};

struct call_entry {
    const char *name;
    call_handler *handler; // null: ENOSYS
    enum support support;
    const char *arguments; // their kinds, see core/calls.h
    const char *note;
};
