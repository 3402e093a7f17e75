// SPDX-License-Identifier: MIT
// Tests inside the system: output through the parent, gathered line by line.
#include "test.h"

#include <kozo/print.h>
#include <string.h>

static char line[400];
static size_t length;

void test_print(const char *text)
{
    for (; *text != 0; text++) {
        line[length++] = *text;
        if (*text == '\n' || length == sizeof line) {
            kozo_write(line, length);
            length = 0;
        }
    }
}
