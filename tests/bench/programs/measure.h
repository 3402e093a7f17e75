// SPDX-License-Identifier: MIT
// Measures operations of the kernel in ticks of the time-stamp counter.
//
// A row is one operation, done in many rounds. What is counted is a call of the function
// `operation` and all that comes of it; the same for a function that does nothing is taken off, and
// nothing else. The median of the rounds is the result. Each step tells how it went: a row in which
// one did not succeed has no result, and says so.
//
// Output, a line each, for tests/bench:
//
//     calibration TICKS INSTRUCTIONS   of a loop of known length
//     row NAME TICKS COUNT             TICKS for one round, in which something was done COUNT times
//     lost NAME STEP ERROR             the row could not be measured
#pragma once

#include <kozo/abi.h>
#include <stddef.h>

typedef enum kozo_error measure_step(void);

struct measure_row {
    const char *name;
    size_t rounds;           // odd, at most MEASURE_ROUNDS
    size_t count;            // what the result is divided by
    measure_step *begin;     // once, or null
    measure_step *prepare;   // before each round, or null
    measure_step *operation; // what is measured
    measure_step *finish;    // after each round, or null
};

constexpr size_t MEASURE_ROUNDS = 101;

// A row whose operation begins elsewhere sets this to the moment; it holds for one round.
extern volatile uint64_t measure_began;

// Prints the calibration, then measures each row. Gives how many were lost.
[[nodiscard]] size_t measure(const struct measure_row *rows, size_t count);

// Measures more rows after that, by the same calibration.
[[nodiscard]] size_t measure_more(const struct measure_row *rows, size_t count);

// A step that has several parts went as it should, or not.
[[nodiscard]]
static inline enum kozo_error measure_done(bool done)
{
    return done ? KOZO_OK : KOZO_BAD_STATE;
}
