// SPDX-License-Identifier: MIT
// A service that announces a name that is another's, and ends with what it is answered.
#include <kozo/protocol.h>
#include <kozo/start.h>

int main(int argument_count, char **arguments)
{
    constexpr struct kozo_endpoint parent = {KOZO_PROCESS_PARENT};
    (void)argument_count;
    (void)arguments;
    return (int)kozo_namespace_announce(parent, "console", 7);
}
