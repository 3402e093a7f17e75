// SPDX-License-Identifier: MIT
// A small world with something of everything, and the steps that can be taken in it: one entry into
// the kernel each. Whoever explores chooses the steps; after each of them all invariants are
// checked.
//
// A step is plain data and says everything, so that it can be stored, hashed and replayed. What the
// kernel does with it depends on nothing but the state, which can be saved and restored.
#pragma once

#include "world.h"

enum step_kind : uint8_t {
    STEP_CALL,  // the current thread makes a system call, or goes on with one that was preempted
    STEP_FAULT, // the current thread faults at argument[0]
    STEP_TIMER, // argument[0] ticks pass, and the timer fires
    STEP_INTERRUPT, // interrupt argument[0] fires, if it is not masked
};

struct step {
    enum step_kind kind;
    uint64_t work_limit; // preemption comes after this many steps of work
    bool coming_in;      // other processors were just about to make system calls
    uint64_t operation, handle, argument[9];
};

// Slots of the CNode that steps use: all of them.
constexpr uint64_t EXPLORE_SLOTS = WORLD_SLOTS;

// Makes the world.
void explore_begin(unsigned processors);

// Whether the current thread has to go on with a preempted call: its next step must be STEP_CALL,
// and what the step says about operation and arguments is ignored.
bool explore_must_go_on(void);

// Takes a step; does nothing when it is not possible.
void explore_step(const struct step *step);

// A generator of numbers with a short state (xorshift64*).
struct random {
    uint64_t state;
};
uint64_t random_below(struct random *random, uint64_t end);

// A step that is likely to be accepted, or nearly so. If it is not `wild`, the first thread does
// not wait, and nobody takes away what that one lives in, so that the walk goes on.
struct step explore_random(struct random *random, bool wild);

// One line about a step, for a person.
const char *explore_describe(const struct step *step);

// The whole state of kernel and machine.
struct snapshot {
    unsigned char ram[HOST_RAM];
    alignas(struct kernel) unsigned char kernel[sizeof(struct kernel)];
    struct host host;
    struct world world;
};
void snapshot_take(struct snapshot *snapshot);
void snapshot_restore(const struct snapshot *snapshot);
