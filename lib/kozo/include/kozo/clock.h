// SPDX-License-Identifier: MIT
// The time since the machine's clock began, read without a system call.
//
// The clock is the processor's counter, which kozo_ticks gives and which the kernel takes deadlines
// in; BootInfo.tsc_invariant tells whether the processor promises that its speed never changes.
// It never goes backwards on one processor. What belongs to the date is not known here.
#pragma once

#include <kozo/machine.h>

// Learns how many ticks a second has, 1 to 2^34. The start of a program calls it.
void kozo_clock_start(uint64_t frequency);

// Nanoseconds of the clock's counter; at most one too few, for 584 years.
uint64_t kozo_clock_now(void);

// Nanoseconds of a number of ticks, rounded down; and the ticks of a number of nanoseconds, likewise,
// at most UINT64_MAX.
uint64_t kozo_clock_nanoseconds(uint64_t ticks);
uint64_t kozo_clock_ticks(uint64_t nanoseconds);

// How ticks become nanoseconds: ticks * scale / 2^shift, for who has to do it elsewhere.
struct kozo_clock_fraction {
    uint64_t scale; // with its highest bit set
    uint64_t shift;
};
struct kozo_clock_fraction kozo_clock_fraction(void);

// The deadline, in ticks, that lies this far ahead; UINT64_MAX when that is beyond the counter.
uint64_t kozo_clock_deadline(uint64_t nanoseconds);
