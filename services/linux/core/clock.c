// SPDX-License-Identifier: MIT
#include "clock.h"

#include <kozo/clock.h>

static uint64_t realtime_base; // of the monotonic clock's zero

uint64_t clock_monotonic(void)
{
    return kozo_clock_now();
}

uint64_t clock_realtime(void)
{
    return realtime_base + kozo_clock_now();
}

uint64_t clock_realtime_base(void)
{
    return realtime_base;
}

void clock_set_realtime(uint64_t nanoseconds)
{
    realtime_base = nanoseconds - kozo_clock_now();
}
