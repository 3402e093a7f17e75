// SPDX-License-Identifier: MIT
// Ticks are multiplied by a fraction that has its highest bit set, scale / 2^shift, so that nothing
// overflows and no division is left for later.
#include <kozo/clock.h>

constexpr uint64_t SECOND = 1'000'000'000;

static uint64_t frequency;
static uint64_t scale;
static unsigned shift;

// SECOND / frequency by long division, as many bits as fit.
void kozo_clock_start(uint64_t ticks_a_second)
{
    frequency = ticks_a_second == 0 ? 1 : ticks_a_second;
    scale = SECOND / frequency;
    shift = 0;
    for (uint64_t rest = SECOND % frequency; scale >> 63 == 0; shift++) {
        rest *= 2;
        scale = scale * 2 + (rest >= frequency);
        rest -= rest >= frequency ? frequency : 0;
    }
}

uint64_t kozo_clock_nanoseconds(uint64_t ticks)
{
    return (uint64_t)((unsigned __int128)ticks * scale >> shift);
}

struct kozo_clock_fraction kozo_clock_fraction(void)
{
    return (struct kozo_clock_fraction){scale, shift};
}

uint64_t kozo_clock_now(void)
{
    return kozo_clock_nanoseconds(kozo_ticks());
}

uint64_t kozo_clock_ticks(uint64_t nanoseconds)
{
    uint64_t ticks;

    if (__builtin_mul_overflow(nanoseconds / SECOND, frequency, &ticks) ||
        __builtin_add_overflow(ticks, nanoseconds % SECOND * frequency / SECOND, &ticks)) {
        return UINT64_MAX;
    }
    return ticks;
}

uint64_t kozo_clock_deadline(uint64_t nanoseconds)
{
    uint64_t deadline;

    return __builtin_add_overflow(kozo_ticks(), kozo_clock_ticks(nanoseconds), &deadline)
               ? UINT64_MAX
               : deadline;
}
