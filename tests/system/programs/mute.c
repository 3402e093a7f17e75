// SPDX-License-Identifier: MIT
// A service that announces its name and then never looks at anything again.
#include <kozo/protocol.h>
#include <kozo/start.h>
#include <string.h>

int main(int argument_count, char **arguments)
{
    constexpr struct kozo_endpoint parent = {KOZO_PROCESS_PARENT};
    (void)argument_count;
    (void)kozo_namespace_announce(parent, arguments[0], strlen(arguments[0]));
    while (true) {
        (void)kozo_kernel_yield();
    }
}
