// SPDX-License-Identifier: MIT
#include <kozo/wall.h>

#include <kozo/clock.h>
#include <kozo/session.h>

static uint64_t first_date; // at first_ticks; 0 for not known
static uint64_t first_ticks;
static struct kozo_session asked;
static uint64_t request; // to `asked`; 0 for none under way

static void learn(const struct kozo_clock_date_result *now)
{
    first_date = now->nanoseconds;
    first_ticks = now->ticks;
}

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
    learn(&now);
    return true;
}

bool kozo_wall_ask(const char *name)
{
    return kozo_session_open(&asked, name) && kozo_wall_hear();
}

bool kozo_wall_hear(void)
{
    struct kozo_entry entry;
    while (asked.page != nullptr && kozo_session_next(&asked, &entry)) {
        struct kozo_clock_date_result now = kozo_clock_date_end(&entry);
        if (entry.number == request) {
            request = 0;
        }
        if (now.error == KOZO_OK) {
            learn(&now);
        }
    }
    bool due = first_date == 0 && asked.page != nullptr;
    if (due && (request == 0 || kozo_session_lost(&asked, request))) {
        request = kozo_clock_date_begin(&asked);
    }
    return first_date != 0;
}

uint64_t kozo_wall_now(void)
{
    return first_date == 0 ? 0 : first_date + kozo_clock_nanoseconds(kozo_ticks() - first_ticks);
}
