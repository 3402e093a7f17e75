// SPDX-License-Identifier: MIT
// Futexes: waiting for a word of memory.
#pragma once

#include <stdint.h>

struct thread;

// Wakes at most so many who wait for a word of the calling process's memory, as others of it or of those that share the word see
// it. How many there were.
int64_t futex_wake(uint64_t address, uint32_t most);

// Locks of the robust list that the thread holds are left to others.
void futex_leave_robust(struct thread *thread);
