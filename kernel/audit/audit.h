// SPDX-License-Identifier: MIT
// The kernel's log: what was done with authority, and what was refused, in two rings.
//
// Writing a record costs no hash. Reading one takes it out, and adds it to the ring's chain
// (abi/chain): so the kernel keeps 32 bytes for a log of any length, and whoever stored the records
// can prove that they are whole. Each event has a number. One that is merely counted, since its
// SchedContext made too many in a short time, takes a number and no place, so that nobody can push
// out what others did; a ring that is full loses its oldest records. The reader sees how many from
// the numbers.
//
// A ring has few places of its own. Memory that it was given has more, and holds all of its records
// instead; when that is revoked the newest records come back to the ring's own places.
//
// Invariants
//   R1  The records of a ring are at the places from `first` to `end`, at most as many as it has, each at its place
//       modulo that; their numbers rise, from `read` on and below `written`.
//   R2  A ring's memory is an ordinary Untyped without children, whose `value`, a power of two above the size of the
//       ring's own places, is how much of it has records; an empty slot is none. `distance` and `last_place` say the same.
#pragma once

#include "cap/slot.h"
#include "chain/chain.h"
#include "kozo/abi.h"

struct call;
struct cpu;
struct sched_context;
struct thread;

constexpr unsigned AUDIT_RING = 64;
constexpr unsigned AUDIT_RINGS = 2;

// A SchedContext may make this many records in each tenth of a second; those above are counted
// only.
constexpr uint32_t AUDIT_BURST = 64;

struct audit_ring {
    alignas(KOZO_SLOT_SIZE) struct slot memory; // an Untyped, or empty
    uint64_t distance;      // from its own places to those that it uses, in bytes
    uint64_t last_place;    // number of those, less one; 0 for its own
    uint64_t read, written; // numbers of the next event
    uint64_t first, end;    // places, counted from the beginning
    struct kozo_digest digest;
    struct kozo_audit_record record[AUDIT_RING];
};

// How many records there are places for, less one: a power of two, less one.
static inline uint64_t audit_last_place(const struct audit_ring *ring)
{
    return ring->last_place | (AUDIT_RING - 1);
}

static inline struct kozo_audit_record *audit_record(struct audit_ring *ring, uint64_t place)
{
    uint64_t offset = (place & audit_last_place(ring)) * sizeof(struct kozo_audit_record);

    return (struct kozo_audit_record *)((uintptr_t)ring->record + ring->distance + offset);
}

// Drops the oldest records until there are at most so many.
static inline void audit_drop(struct audit_ring *ring, uint64_t most)
{
    if (ring->end - ring->first > most) {
        ring->first = ring->end - most;
        ring->read = audit_record(ring, ring->first)->sequence;
    }
}

// Notes what a system call that is over did, or was refused.
void audit_note(struct call *call);
void audit_refused(struct call *call, enum kozo_error error);

// Notes that a watched capability is about to be used.
void audit_use(struct call *call);

// Notes that a thread would wait for itself, since it or one that it waits for waits for `server`.
void audit_wait(struct cpu *cpu, const struct thread *thread, const struct thread *server);

// Notes a revoke that has come to its end, from its node.
void audit_revoked(struct cpu *cpu, const struct thread *thread, const struct slot *node);

// The memory of a ring is about to be emptied, which is this slot of it.
void audit_let_go(struct slot *memory);

enum kozo_error audit_log_read_call(struct call *call);
enum kozo_error audit_log_grow_call(struct call *call);
enum kozo_error audit_digest_get_call(struct call *call);
