// SPDX-License-Identifier: MIT
#include "commands.h"
#include "init.h"
#include "power.h"

int command_poweroff(struct init *init, const struct call *call)
{
    (void)call;
    // When a runner waits for a status it must have it before the machine is gone.
    terminal_tell_status(init, 0);
    say(init, "poweroff: %s\n", power_off(init));
    return STATUS_FAILED;
}
