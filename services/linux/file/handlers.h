// SPDX-License-Identifier: MIT
// What files with handlers of system calls have in common. The handlers themselves are named by core/calls.h.
#pragma once

#include "../core/call.h"
#include "file.h"

// Reads `count` pieces, at most LINUX_VECTOR_MOST. The sum of their sizes, no more than one call moves, or an error.
[[nodiscard]] int64_t vector_read(struct user from, size_t count, struct linux_vector *vector);

// ftruncate.
[[nodiscard]] int64_t file_truncate(struct file *file, int64_t size);

// A point of time `nanoseconds` from now; negative or too far: NO_DEADLINE.
[[nodiscard]] uint64_t deadline_in(int64_t nanoseconds);

// A time that a program gives as seconds and nanoseconds; -EFAULT or -EINVAL. Longer than can be counted is INT64_MAX.
[[nodiscard]] int64_t time_read(struct user from, int64_t *nanoseconds);
