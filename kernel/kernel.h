// SPDX-License-Identifier: MIT
// All of the kernel's own mutable state, beside the memory of objects.
#pragma once

#include "audit/audit.h"
#include "cap/slot.h"
#include "entropy/entropy.h"
#include "sched/cpu.h"

constexpr unsigned KERNEL_CPUS = 64;

struct kernel {
    struct slot root; // the parent of every capability that was derived from nothing; never moves
    link_t dying;     // objects that are being taken apart, through their graves
    link_t init;      // init's thread: when it is gone, the system ends

    link_t interrupt[ARCH_INTERRUPTS]; // the IrqHandler that claimed it

    struct entropy entropy;
    struct audit_ring audit[AUDIT_RINGS]; // by enum kozo_audit_ring

    struct cpu cpu[KERNEL_CPUS];
};

// 64-byte aligned, since links name slots in it.
extern struct kernel kernel;
