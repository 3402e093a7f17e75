// SPDX-License-Identifier: MIT
#include "clock.h"

#include <kozo/clock.h>
#include <kozo/rights.h>

#include "init.h"

// Milliseconds from one tick to the next.
constexpr uint64_t CALM = 500;
constexpr uint64_t PAUSING = 25; // while a service waits for its restart
constexpr uint64_t POLLING = 4;  // while init reads the serial port: at most 46 bytes come between

constexpr uint64_t NANOSECONDS = 1'000'000; // of a millisecond

static uint64_t pace_of(const struct init *init)
{
    if (init->terminal.kind == TERMINAL_POLLED) {
        return POLLING;
    }
    for (size_t i = 0; i < init->services.count; i++) {
        if (init->services.service[i].state == KOZO_SERVICE_PAUSING) {
            return PAUSING;
        }
    }
    return CALM;
}

void clock_pace(struct init *init)
{
    uint64_t pace = pace_of(init);
    if (init->clock.handle == 0 || pace == init->pace) {
        return;
    }
    uint64_t step = pace * NANOSECONDS;
    init->pace = pace;
    (void)kozo_timer_set(init->clock, kozo_clock_deadline(step), kozo_clock_ticks(step));
}

const char *clock_start(struct init *init)
{
    struct kozo_timer timer = {init_object(init, KOZO_TYPE_TIMER)};
    struct kozo_slot signal = {init_slot(init)};
    if (timer.handle == 0 ||
        kozo_cnode_mint((struct kozo_slot){init->processes.signals.handle}, signal,
                        kozo_rights(KOZO_RIGHT_WRITE), SIGNAL_CLOCK) != KOZO_OK ||
        kozo_timer_bind(timer, (struct kozo_notification){signal.handle}) != KOZO_OK) {
        return "there is no timer for init";
    }
    init->clock = timer;
    clock_pace(init);
    return nullptr;
}
