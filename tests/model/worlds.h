// SPDX-License-Identifier: MIT
// The worlds: each a start state with a few objects, and the list of all steps that are tried in
// every state of it.
#pragma once

#include <stdint.h>

#include "arch/host/host.h"

enum step_kind : uint8_t {
    STEP_CALL,  // the current thread makes a system call
    STEP_FAULT, // the current thread touches memory that is not mapped
    STEP_TURN,  // the turn of the current thread is over
    STEP_LATER, // the clock passes WORLD_DEADLINE
    STEP_WRITE, // the current thread writes word argument[0] of its IPC buffer: argument[1]
    STEP_AGAIN, // the current thread's preempted call starts again; not in any list
};

constexpr unsigned STEP_ARGUMENTS = 6;

struct step {
    enum step_kind kind;
    uint16_t operation; // enum kozo_operation
    uint64_t handle;
    uint64_t argument[STEP_ARGUMENTS];
};

constexpr unsigned WORLD_STEPS = 2048;

struct steps {
    unsigned count;
    struct step step[WORLD_STEPS];
};

struct world {
    const char *name;
    const char *about;
    void (*begin)(void);
    void (*steps)(struct steps *steps);
    uint64_t work_limit; // steps between two preemption points
};

constexpr unsigned WORLD_BUFFERS = 2;

// Where IPC buffers are; the memory of all other Frames is never written to. 0 for none.
extern physical_t world_buffer[WORLD_BUFFERS];

constexpr uint64_t WORLD_NOW = 1'000'000;
constexpr uint64_t WORLD_DEADLINE = 2'000'000;
constexpr uint64_t WORLD_TURN = 5'000; // ticks of each thread's turn

extern const struct world worlds[];
extern const unsigned world_count;

// One step in words: "cnode.copy 2 -> destination 3".
void step_print(const struct step *step);
