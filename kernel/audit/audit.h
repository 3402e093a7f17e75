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
// Invariant R1: the records of a ring are at the places from `first` to `end`, at most AUDIT_RING,
// each at its place modulo AUDIT_RING; their numbers rise, from `read` on and below `written`.
#pragma once

#include "chain/chain.h"
#include "kozo/abi.h"

struct call;
struct cpu;
struct sched_context;
struct slot;
struct thread;

constexpr unsigned AUDIT_RING = 64;
constexpr unsigned AUDIT_RINGS = 2;

// A SchedContext may make this many records in each tenth of a second; those above are counted
// only.
constexpr uint32_t AUDIT_BURST = 64;

struct audit_ring {
    uint64_t read, written; // numbers of the next event
    uint64_t first, end;    // places, counted from the beginning
    struct kozo_digest digest;
    struct kozo_audit_record record[AUDIT_RING];
};

// Notes what a system call that is over did, or was refused.
void audit_note(struct call *call, enum kozo_error error);

// Notes that a watched capability is about to be used.
void audit_use(struct call *call);

// Notes a revoke that has come to its end, from its node.
void audit_revoked(struct cpu *cpu, const struct thread *thread, const struct slot *node);

enum kozo_error audit_log_read_call(struct call *call);
enum kozo_error audit_digest_get_call(struct call *call);
