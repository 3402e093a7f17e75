// SPDX-License-Identifier: MIT
// What a run came to: from the facts gathered, in any order, to one exit status and one sentence.
#pragma once

#include <stddef.h>

constexpr int STATUS_USAGE = 2;
constexpr int STATUS_TIME_LIMIT = 124;
constexpr int STATUS_FAILED = 125;
constexpr int STATUS_NOT_RUNNABLE = 126;
constexpr int STATUS_NOT_FOUND = 127;
constexpr int STATUS_UNREAD = 141; // 128 + SIGPIPE

struct facts {
    bool exec;        // a command was to be run
    bool until;       // a text was waited for
    bool powered_off; // the guest switched the machine off
    bool rebooted;    // the guest reset the machine where that ends the run
    bool triple_fault;
    bool crashed; // a crash record came, perhaps half of one
    bool stopped; // QEMU stopped the machine by itself
    bool died;    // QEMU ended by itself
    bool limit;   // the time limit was reached
    bool ended;   // the person ended KOZO
    bool found;   // the text of --until came
    bool unread;  // nobody reads standard output any more
    bool exited;  // the guest reported the command's status
    unsigned status;
    bool program; // a program was to be run
    bool begun;   // its Linux server was told so
    bool ran;     // it was, to its end
    bool refused; // KOZO could not run it, and said why
    int program_status;
    int signal;          // that ended the runner; 0: none
    const char *problem; // how the guest broke the control protocol; null: it didn't
};

struct outcome {
    int status;
    const char *sentence; // null: nothing to say
};

[[nodiscard]] struct outcome outcome_decide(const struct facts *facts);
