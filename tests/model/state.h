// SPDX-License-Identifier: MIT
// All of the kernel's state as one value: saved, put back, compared, and hashed.
//
// The hash is canonical: it covers what the kernel may ever look at again. Memory that belongs to
// no live object, the registers of threads that have nothing in them for the kernel, and amounts of
// used time do not count. The audit log and the generator of badges are no part of the state:
// nothing that the worlds do depends on them.
#pragma once

#include "arch/host/host.h"
#include "kernel.h"

constexpr unsigned UNITS = HOST_RAM / KOZO_SLOT_SIZE;

// Where an explored thread's system call instruction stands: a thread that is there has a call to
// start again.
constexpr uint64_t CALL_AT = 100;

struct state {
    alignas(64) unsigned char ram[HOST_RAM];
    unsigned char kernel[offsetof(struct kernel, interrupt)];
    link_t interrupt[ARCH_INTERRUPTS];
    struct cpu cpu;
    uint64_t now, deadline;
    bool masked[ARCH_INTERRUPTS];
};

struct hash {
    uint64_t low, high;
};

void state_save(struct state *state);
void state_restore(const struct state *state);

// Whether the machine is in just this state, but for the registers of `caller`, which are put back.
bool state_is(const struct state *state, struct thread *caller);

struct hash state_hash(void);

// Whether some thread has a call to start again, or some object is half destroyed.
bool state_is_halfway(void);

// Whether the thread has a call to start again. What a foreign thread does next is its own affair.
bool thread_is_pending(const struct thread *thread);

// The next slot after `slot` in the derivation tree, parents before children; start with
// kernel.root, null at the end. All slots that hold a capability are visited.
struct walk {
    link_t stack[UNITS + 1];
    unsigned depth;
    link_t first, at; // the ring that is gone around
    link_t parent;
    unsigned left; // slots that may still come: a broken tree must end, too
};
void walk_begin(struct walk *walk);
const struct slot *walk_next(struct walk *walk); // walk->parent is the link of its parent
