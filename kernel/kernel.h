// SPDX-License-Identifier: MIT
// All of the kernel's own mutable state, beside the memory of objects.
#pragma once

#include "audit/audit.h"
#include "cap/slot.h"
#include "entropy/entropy.h"
#include "mem/flush.h"
#include "sched/cpu.h"

constexpr unsigned KERNEL_CPUS = 64;

// The kernel's one lock: see sched/processors.h.
struct lock {
    bool needed; // more than one processor runs
    _Atomic uint32_t held;
};

struct kernel {
    struct slot root; // the parent of every capability that was derived from nothing; never moves
    struct lock lock;
    link_t dying; // objects that are being taken apart, through their graves
    link_t init;  // init's thread: when it is gone, the system ends

    link_t interrupt[ARCH_INTERRUPTS]; // the IrqHandler that claimed it

    struct entropy entropy;
    struct audit_ring audit[AUDIT_RINGS]; // by enum kozo_audit_ring

    struct flush flush;
    unsigned processors; // that run: the first ones of `cpu`
    struct cpu cpu[KERNEL_CPUS];
};

// 64-byte aligned, since links name slots in it.
extern struct kernel kernel;
