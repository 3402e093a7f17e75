// SPDX-License-Identifier: MIT
#include "control.h"

#include <stdlib.h>
#include <string.h>

#include "test.h"

static struct control control;

static enum control_state feed(const char *text)
{
    control_start(&control);
    for (; *text != 0; text++) {
        (void)control_feed(&control, (uint8_t)*text);
    }
    return control.state;
}

TEST("the control channel understands console and exec")
{
    CHECK(feed("console\n") == CONTROL_CONSOLE);
    CHECK(feed("exec 7\nversion") == CONTROL_COMMAND);
    CHECK(control.expected == 7 && memcmp(control.command, "version", 7) == 0);
    CHECK(feed("exec 0\n") == CONTROL_COMMAND && control.expected == 0);
    CHECK(feed("exec 8\nversion") == CONTROL_BODY);
    CHECK(feed("exec 3\na\nb") == CONTROL_COMMAND && memcmp(control.command, "a\nb", 3) == 0);
}

TEST("the control channel refuses everything else")
{
    CHECK(feed("hello\n") == CONTROL_NONSENSE);
    CHECK(feed("exec\n") == CONTROL_NONSENSE);
    CHECK(feed("exec \n") == CONTROL_NONSENSE);
    CHECK(feed("exec -1\n") == CONTROL_NONSENSE);
    CHECK(feed("exec 513\n") == CONTROL_NONSENSE);
    CHECK(feed("exec 99999999999999\n") == CONTROL_NONSENSE);
    CHECK(feed("a line that is much longer than any header\n") == CONTROL_NONSENSE);
}

TEST("the control channel stays within its bounds whatever comes")
{
    srand(5);
    for (int round = 0; round < 200; round++) {
        control_start(&control);
        for (int i = 0; i < 2000; i++) {
            (void)control_feed(&control, (uint8_t)"exec 0123456789\nconsole"[rand() % 23]);
        }
    }
    CHECK(true);
}
