// SPDX-License-Identifier: MIT
// Time that follows calls.
//
// A server that receives a call runs on the caller's SchedContext. At its next receive the time goes home, to the
// caller, whether or not the call was answered. Lender and borrower know each other, so that either may vanish.
#pragma once

struct cpu;
struct thread;

// Lends the caller's time to the server that has just received its call. The server has lent or borrowed nothing.
void time_lend(struct cpu *cpu, struct thread *caller, struct thread *server);

// Sends borrowed time home; the server goes on with its own, if it has any.
void time_return(struct cpu *cpu, struct thread *server);

// Gives a thread that has no time its own, if nobody else uses that.
void time_take_own(struct cpu *cpu, struct thread *thread);
