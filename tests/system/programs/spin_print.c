// SPDX-License-Identifier: MIT
// Prints without end, or as many lines as it is told.
#include <kozo/print.h>
#include <stdlib.h>

int main(int argument_count, char **arguments)
{
    unsigned long most = argument_count > 1 ? strtoul(arguments[1], nullptr, 10) : 0;
    for (unsigned long line = 1; most == 0 || line <= most; line++) {
        kozo_printf("line %lu\n", line);
    }
    return 0;
}
