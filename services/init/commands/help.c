// SPDX-License-Identifier: MIT
#include <kozo/format.h>

#include "commands.h"
#include "init.h"

int command_help(struct init *init, const struct call *call)
{
    (void)call;
    for (size_t i = 0; i < commands_count; i++) {
        char usage[40];
        kozo_format(usage, sizeof usage, "%s %s", commands[i].name, commands[i].arguments);
        say(init, "%-20s %s\n", usage, commands[i].help);
    }
    say(init, "Every program of bin/ is a command too: try ls bin.\n");
    return 0;
}
