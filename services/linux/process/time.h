// SPDX-License-Identifier: MIT
// Times and clocks as Linux programs name them.
#pragma once

#include "../core/user.h"

// struct timespec, and struct timeval.
struct linux_moment {
    int64_t seconds;
    int64_t part;
};

enum linux_clock : int {
    CLOCK_OF_DATE = 0,
    CLOCK_STEADY = 1,
    CLOCK_OF_PROCESS = 2,
    CLOCK_OF_THREAD = 3,
    CLOCK_STEADY_RAW = 4,
    CLOCK_OF_DATE_COARSE = 5,
    CLOCK_STEADY_COARSE = 6,
    CLOCK_SINCE_BOOT = 7,
    CLOCK_OF_DATE_ALARM = 8,
    CLOCK_SINCE_BOOT_ALARM = 9,
    CLOCK_ATOMIC = 11,
};

// A timespec of the program in nanoseconds: -EFAULT, or -EINVAL for what is none.
[[nodiscard]] int64_t moment_read(struct user from, uint64_t *nanoseconds);
[[nodiscard]] int64_t moment_write(struct user to, uint64_t nanoseconds);

[[nodiscard]] int64_t clock_read(int clock, uint64_t *nanoseconds);
[[nodiscard]] uint64_t clock_deadline(int clock, uint64_t time);
