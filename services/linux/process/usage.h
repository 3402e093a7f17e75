// SPDX-License-Identifier: MIT
// struct rusage.
#pragma once

#include "../core/user.h"

struct process;
struct usage;

// The sum of two, or of one and null.
[[nodiscard]] int64_t usage_write(struct user to, const struct usage *one,
                                  const struct usage *other);

// What a process and its threads have used up to now.
[[nodiscard]] struct usage usage_of(const struct process *process);
