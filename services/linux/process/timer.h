// SPDX-License-Identifier: MIT
// Timers of processes: setitimer, alarm, timer_create.
#pragma once

struct process;

// Forgets all of a process.
void timers_drop(struct process *process);
// What exec leaves: those of setitimer go on.
void timers_exec(struct process *process);
