// SPDX-License-Identifier: MIT
#include <kozo/wall.h>

#include <kozo/clock.h>
#include <kozo/session.h>

static uint64_t first_date; // at first_ticks; 0 for not known
static uint64_t first_ticks;

bool kozo_wall_open(const char *name)
{
    struct kozo_session clock;
    if (!kozo_session_open(&clock, name)) {
        return false;
    }
    struct kozo_clock_date_result now = kozo_clock_date(clock.service);
    if (now.error != KOZO_OK) {
        return false;
    }
    first_date = now.nanoseconds;
    first_ticks = now.ticks;
    return true;
}

uint64_t kozo_wall_now(void)
{
    return first_date == 0 ? 0 : first_date + kozo_clock_nanoseconds(kozo_ticks() - first_ticks);
}
