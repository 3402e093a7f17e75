// SPDX-License-Identifier: MIT
#include "commands.h"
#include "init.h"
#include "power.h"

int command_reboot(struct init *init, const struct call *call)
{
    (void)call;
    say(init, "reboot: %s\n", power_reset(init));
    return STATUS_FAILED;
}
