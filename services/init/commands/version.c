// SPDX-License-Identifier: MIT
#include <kozo/machine.h>

#include "commands.h"
#include "init.h"

int command_version(struct init *init, const struct call *call)
{
    (void)call;
    say(init, "KOZO " KOZO_RELEASE " (%s, build %.16s)\n", KOZO_MACHINE_NAME,
        (const char *)init->boot->build_id);
    return 0;
}
