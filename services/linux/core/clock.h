// SPDX-License-Identifier: MIT
// What time it is, in nanoseconds, as linuxd itself sees it.
#pragma once

#include <stdint.h>

// Since start-up; never goes back. Deadlines of waits are in it.
[[nodiscard]] uint64_t clock_monotonic(void);

// Since 1970.
[[nodiscard]] uint64_t clock_realtime(void);

// The realtime at the monotonic clock's zero.
[[nodiscard]] uint64_t clock_realtime_base(void);

// Sets that, once, at the start.
void clock_set_realtime(uint64_t nanoseconds);
