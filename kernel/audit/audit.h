// SPDX-License-Identifier: MIT
// The kernel's log: what was done with authority, and what was refused, in two rings.
//
// Writing a record costs no hash. Reading one takes it out, and adds it to the ring's chain
// (abi/chain): so the kernel keeps 32 bytes for a log of any length, and whoever stored the records
// can prove that they are whole. A ring that is full loses its oldest records; numbers go on, so
// that the reader sees how many.
//
// Invariant R1: a record with number n stands at n modulo AUDIT_RING, and read <= written.
#pragma once

#include "chain/chain.h"
#include "kozo/abi.h"

struct call;
struct cpu;
struct sched_context;
struct slot;

constexpr unsigned AUDIT_RING = 64;
constexpr unsigned AUDIT_RINGS = 2;

// A SchedContext may make this many records in each tenth of a second; those above are counted
// only.
constexpr uint32_t AUDIT_BURST = 64;

struct audit_ring {
    uint64_t read, written; // numbers of the next record
    struct kozo_digest digest;
    struct kozo_audit_record record[AUDIT_RING];
};

// Notes what a system call that is over did, or was refused.
void audit_note(struct call *call, enum kozo_error error);

enum kozo_error audit_log_read_call(struct call *call);
enum kozo_error audit_digest_get_call(struct call *call);
