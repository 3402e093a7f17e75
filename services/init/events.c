// SPDX-License-Identifier: MIT
// What is carried out here never waits, so no event ever comes in the middle of another.
#include "events.h"

#include <kozo/machine.h>

#include "clock.h"
#include "init.h"
#include "jobs.h"

constexpr uint64_t LOOKS = 3; // most looks at services in a second; ticks make it two

// Ticks may come more often than services are looked at.
static void look_around(struct init *init)
{
    uint64_t now = kozo_ticks();
    if (init->terminal.kind == TERMINAL_POLLED) {
        terminal_look(init);
    }
    if (now - init->looked >= init->boot->tsc_frequency / LOOKS) {
        init->looked = now;
        services_look(init);
    } else {
        services_advance(init);
    }
}

static void hear_signals(struct init *init, uint64_t bits)
{
    if ((bits & SIGNAL_TERMINAL) != 0) {
        terminal_hear(init);
    }
    if ((bits & SIGNAL_FILES) != 0) {
        files_hear(init);
    }
    if ((bits & SIGNAL_MANAGER) != 0) {
        services_advance(init);
    }
    if ((bits & SIGNAL_CLOCK) != 0) {
        look_around(init);
    }
}

static void carry_out(struct init *init, const struct kozo_received *received)
{
    if (received->badge < BADGE_PROCESS) {
        hear_signals(init, received->badge);
    } else {
        processes_hear(init, received);
    }
    services_reap(init);
    jobs_reap(init);
    clock_pace(init);
}

static void events_take(struct init *init)
{
    struct processes *processes = &init->processes;
    if (processes->inbox.handle == 0) {
        return;
    }
    while (true) {
        struct kozo_received received = kozo_endpoint_try_recv(processes->inbox, processes->reply);
        if (received.error != KOZO_OK) {
            return;
        }
        carry_out(init, &received);
    }
}

void events_wait(struct init *init)
{
    // Without a clock a polled port is looked at all the time.
    if (init->terminal.kind == TERMINAL_POLLED && init->clock.handle == 0) {
        terminal_look(init);
        events_take(init);
        (void)kozo_kernel_yield();
        return;
    }
    struct kozo_received received =
        kozo_endpoint_recv(init->processes.inbox, init->processes.reply);
    if (received.error != KOZO_OK) {
        init_die(init, "its own inbox can't be read");
    }
    carry_out(init, &received);
}
