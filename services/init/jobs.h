// SPDX-License-Identifier: MIT
// Jobs: programs that run in the background, while the prompt goes on. Each has a number, the
// smallest that was free when it began.
#pragma once

#include <stdint.h>

struct init;
struct process;

// Starts a program that was made. Gives the number of the job; 0 when it can't be started, and then
// the program is gone.
[[nodiscard]] uint32_t jobs_begin(struct init *init, struct process *process);

// The job of a number; null when there is none.
[[nodiscard]] struct process *jobs_find(struct init *init, uint64_t number);

// Ends a job.
void jobs_stop(struct init *init, struct process *process);

// Takes apart the jobs that have come to their end, and says how each ended.
void jobs_reap(struct init *init);
