// SPDX-License-Identifier: MIT
// Moves a name over another one: `move FOLDER NAME FOLDER NAME`. Prints the error.
#include <kozo/print.h>

#include "client.h"

constexpr uint64_t TOP = 1;

int main(int argument_count, char **arguments)
{
    if (argument_count < 5 || !client_open()) {
        return 2;
    }
    struct client_file from = client_walk(TOP, arguments[1]);
    struct client_file to = client_walk(TOP, arguments[3]);
    kozo_printf("move: %u\n", client_rename(from.file, arguments[2], to.file, arguments[4], true));
    return 0;
}
