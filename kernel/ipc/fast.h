// SPDX-License-Identifier: MIT
// The parts of the fast path that are no operations: see fast.c.
#pragma once

#include "kozo/abi.h"

struct call;
struct cpu;
struct thread;

// The current thread's `fault` goes to its handler, which runs in its place: that is what it gives.
// Null when the general path has to be taken, with nothing changed.
struct thread *fast_tell(struct cpu *cpu, struct thread *thread);

// A system call of the current thread, which is foreign.
enum kozo_error fast_foreign_call(struct call *call);
