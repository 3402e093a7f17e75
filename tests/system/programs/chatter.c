// SPDX-License-Identifier: MIT
// Writes many numbered lines over its session with the console, as fast as that takes them.
#include <kozo/format.h>
#include <kozo/print.h>
#include <kozo/session.h>
#include <kozo/start.h>
#include <stdlib.h>

// Writes all of a text in pieces that have nothing to do with lines.
static void write_all(struct kozo_session *session, const char *text, size_t length)
{
    while (length > 0) {
        size_t part = kozo_session_write(session, text, length < 7 ? length : 7);
        if (part == 0) {
            (void)kozo_kernel_yield();
        }
        text += part;
        length -= part;
    }
}

int main(int argument_count, char **arguments)
{
    struct kozo_session session;
    unsigned lines = argument_count > 1 ? (unsigned)strtoul(arguments[1], nullptr, 10) : 100;
    if (!kozo_session_open(&session, "console")) {
        kozo_print("it has no console\n");
        return 1;
    }
    for (unsigned i = 0; i < lines; i++) {
        char text[64];
        size_t length =
            kozo_format(text, sizeof text, "%s %04u abcdefghijklmnopqrstuvwxyz\n", arguments[0], i);
        write_all(&session, text, length);
    }
    return 0;
}
