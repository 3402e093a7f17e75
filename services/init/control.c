// SPDX-License-Identifier: MIT
#include "control.h"

#include <string.h>

void control_start(struct control *control)
{
    control->state = CONTROL_HEADER;
    control->length = 0;
    control->expected = 0;
}

// Reads N of `exec N`; SIZE_MAX when it is no number of bytes that a command can have.
static size_t read_size(const char *digits)
{
    size_t value = 0;
    if (*digits == 0) {
        return SIZE_MAX;
    }
    for (; *digits != 0; digits++) {
        if (*digits < '0' || *digits > '9') {
            return SIZE_MAX;
        }
        value = value * 10 + (size_t)(*digits - '0');
        if (value > CONTROL_COMMAND_MOST) {
            return SIZE_MAX;
        }
    }
    return value;
}

static enum control_state read_header(struct control *control)
{
    control->header[control->length] = 0;
    control->length = 0;
    if (strcmp(control->header, "console") == 0) {
        return CONTROL_CONSOLE;
    }
    if (strncmp(control->header, "exec ", 5) != 0) {
        return CONTROL_NONSENSE;
    }
    control->expected = read_size(control->header + 5);
    if (control->expected == SIZE_MAX) {
        return CONTROL_NONSENSE;
    }
    return control->expected == 0 ? CONTROL_COMMAND : CONTROL_BODY;
}

enum control_state control_feed(struct control *control, uint8_t byte)
{
    switch (control->state) {
    case CONTROL_HEADER:
        if (byte == '\n') {
            control->state = read_header(control);
        } else if (control->length + 1 < sizeof control->header) {
            control->header[control->length++] = (char)byte;
        } else {
            control->state = CONTROL_NONSENSE;
        }
        break;
    case CONTROL_BODY:
        control->command[control->length++] = (char)byte;
        if (control->length == control->expected) {
            control->state = CONTROL_COMMAND;
        }
        break;
    default:
        break;
    }
    return control->state;
}
