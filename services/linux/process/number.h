// SPDX-License-Identifier: MIT
// Numbers of processes and threads. A process has that of its first thread, and keeps it when that has ended.
#pragma once

#include <stdint.h>

struct process;
struct thread;

// The number given, or if it is 0 a free one, for a thread; 0 when all are in use.
[[nodiscard]] uint32_t number_take(uint32_t number, struct thread *thread);
void number_give_thread(uint32_t number);
[[nodiscard]] uint32_t number_take_process(struct process *process);
void number_give_process(uint32_t number);

// How many threads and processes have one; the process of a single thread counts twice.
[[nodiscard]] uint32_t numbers_taken(void);
