// SPDX-License-Identifier: MIT
#include <string.h>

#include "commands.h"
#include "init.h"

int command_echo(struct init *init, const struct call *call)
{
    for (size_t i = 1; i < call->count; i++) {
        terminal_write(init, call->word[i], strlen(call->word[i]));
        if (i + 1 < call->count) {
            terminal_write(init, " ", 1);
        }
    }
    terminal_write(init, "\n", 1);
    return 0;
}
