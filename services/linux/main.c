// SPDX-License-Identifier: MIT
// linuxd: `linux PROGRAM ARGUMENTS` runs a Linux program.
#include "core/table.h"

#include <kozo/print.h>
#include <kozo/start.h>

int main(int argument_count, char **arguments)
{
    (void)arguments;
    if (argument_count < 2) {
        kozo_print("linux: give a program\n");
        return 2;
    }
    return 0;
}
