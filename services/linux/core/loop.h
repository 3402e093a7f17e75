// SPDX-License-Identifier: MIT
// The loop: receives messages of the programs' threads, has them carried out, and answers. It runs on whatever strand has nothing
// else to do; strand.c has what strands wait for.
#pragma once

#include "strand.h"

#include <kozo/stubs.h>

struct space;
struct thread;

// A strand: a stack, with the Reply of the message that it works on. It is the loop, or idle in the loop, or waits.
struct strand {
    uint64_t stack_pointer; // while it does not run
    struct kozo_reply reply;
    struct thread *thread; // on whose behalf it runs; null in the loop
    struct space *space;   // that of the thread: user memory is there
    const bool *attention; // whether that has a signal to take, or is to end
    struct strand *next;   // among those that are ready, or idle
    bool waits;
    bool breakable; // its wait, by a signal
    bool woken;     // since it last waited
    enum wake wake;
};

// The strand that runs, and the thread on whose behalf.
extern struct strand *strand_now;

// Sees to it that there are strands for so many threads, one for the loop, and one for what a thread that has ended leaves to be
// done. False when memory is used up.
[[nodiscard]] bool strands_reserve(size_t threads);

// Makes a strand that waits breakably go on with WAKE_INTERRUPT.
void strand_interrupt(struct strand *strand);

// Whether the loop has an answer to give, and which.
struct answer {
    bool given;
    struct kozo_message message;
};

// Carries out what a message asks for: the one thing that the loop knows of what is above it.
void serve(struct strand *strand, const struct kozo_received *received, struct answer *answer);

// Called when one of the services that linuxd uses rang its bell. One function may be told; it must not wait.
void loop_tell(void (*rung)(uint64_t bits));

[[noreturn]] void loop_run(void);
