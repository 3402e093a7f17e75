// SPDX-License-Identifier: MIT
#include <kozo/machine.h>

#include "commands.h"
#include "init.h"

int command_uptime(struct init *init, const struct call *call)
{
    (void)call;
    uint64_t frequency = init->boot->tsc_frequency;
    if (frequency < 1000) {
        say(init, "uptime: the clock's frequency is not known\n");
        return STATUS_FAILED;
    }
    uint64_t milliseconds = (kozo_ticks() - init->boot->tsc_entry) / (frequency / 1000);
    uint64_t seconds = milliseconds / 1000;
    say(init, "up %lu:%02lu:%02lu.%03lu\n", seconds / 3600, seconds / 60 % 60, seconds % 60,
        milliseconds % 1000);
    return 0;
}
