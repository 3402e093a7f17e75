// SPDX-License-Identifier: MIT
// The part of the fast path that is no operation: see fast.c.
#pragma once

struct cpu;
struct thread;

// The current thread's `fault` goes to its handler, which runs in its place: that is what it gives.
// Null when the general path has to be taken, with nothing changed.
struct thread *fast_tell(struct cpu *cpu, struct thread *thread);
