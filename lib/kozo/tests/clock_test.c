// SPDX-License-Identifier: MIT
#include <kozo/clock.h>

#include "test.h"

constexpr uint64_t SECOND = 1'000'000'000;
constexpr uint64_t YEAR = 365 * 24 * 3600ull;

static const uint64_t frequencies[] = {
    1, 3, 999, 1'000'000, 24'000'000, 999'999'999, SECOND, 1'000'000'001, 2'894'561'003, 1ull << 34,
};
constexpr unsigned FREQUENCIES = sizeof(frequencies) / sizeof(frequencies[0]);

static bool is_near(uint64_t found, uint64_t exact)
{
    return found <= exact && exact - found <= 1;
}

TEST("a second of ticks is a second, and a year is a year, at every frequency")
{
    for (unsigned i = 0; i < FREQUENCIES; i++) {
        kozo_clock_start(frequencies[i]);
        CHECK(is_near(kozo_clock_nanoseconds(frequencies[i]), SECOND));
        if (frequencies[i] <= UINT64_MAX / YEAR) {
            CHECK(is_near(kozo_clock_nanoseconds(YEAR * frequencies[i]), YEAR * SECOND));
        }
        CHECK(kozo_clock_nanoseconds(0) == 0);
    }
}

TEST("more ticks never give fewer nanoseconds, up to the last")
{
    kozo_clock_start(2'894'561'003);
    for (uint64_t ticks = 1; ticks < UINT64_MAX / 3; ticks = ticks * 3 + 1) {
        CHECK(kozo_clock_nanoseconds(ticks) <= kozo_clock_nanoseconds(ticks + 1));
    }
    CHECK(is_near(kozo_clock_nanoseconds(UINT64_MAX), 6'372'898'707'123'759'179));
}

TEST("ticks and nanoseconds lead back to one another")
{
    for (unsigned i = 2; i < FREQUENCIES; i++) {
        kozo_clock_start(frequencies[i]);
        uint64_t back = kozo_clock_nanoseconds(kozo_clock_ticks(5 * SECOND));
        CHECK(is_near(back, 5 * SECOND));
    }
}

TEST("what is beyond the counter is its end")
{
    kozo_clock_start(1ull << 34);
    CHECK(kozo_clock_ticks(UINT64_MAX) == UINT64_MAX);
    CHECK(kozo_clock_deadline(UINT64_MAX) == UINT64_MAX);
    kozo_clock_start(SECOND);
    CHECK(kozo_clock_ticks(UINT64_MAX) == UINT64_MAX);
    CHECK(kozo_clock_deadline(UINT64_MAX) == UINT64_MAX);
}

TEST("the clock moves on, and a deadline lies ahead")
{
    kozo_clock_start(SECOND);
    uint64_t first = kozo_clock_now();
    CHECK(kozo_clock_deadline(1000) > kozo_ticks());
    CHECK(kozo_clock_now() >= first);
}
