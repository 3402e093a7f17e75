// SPDX-License-Identifier: MIT
// A service that faults as soon as it runs.
#include <kozo/start.h>

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    kozo_abort();
}
