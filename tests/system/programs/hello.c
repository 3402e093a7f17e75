// SPDX-License-Identifier: MIT
// Says hello, and what it was called with.
#include <kozo/print.h>

int main(int argument_count, char **arguments)
{
    kozo_print("hello from a native program\n");
    for (int i = 1; i < argument_count; i++) {
        kozo_printf("argument %d: %s\n", i, arguments[i]);
    }
    return 0;
}
