// SPDX-License-Identifier: MIT
// Ends with the status that it is given.
#include <kozo/print.h>
#include <stdlib.h>

int main(int argument_count, char **arguments)
{
    constexpr int usage = 2;
    char *end = nullptr;
    unsigned long status = argument_count == 2 ? strtoul(arguments[1], &end, 10) : 0;
    if (argument_count != 2 || *end != 0 || end == arguments[1] || status > 255) {
        kozo_print("usage: exit STATUS (0 to 255)\n");
        return usage;
    }
    return (int)status;
}
