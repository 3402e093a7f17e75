// SPDX-License-Identifier: MIT
// The parser of the control channel. A line is collected up to its newline and then decoded; the
// body of an "out" is passed on as it comes, without a copy.
#include "control.h"

#include <string.h>

struct control control_begin(bool exec)
{
    return (struct control){.exec = exec};
}

static struct control_event refuse(struct control *control, const char *problem)
{
    control->state = CONTROL_REFUSED;
    return (struct control_event){.kind = CONTROL_BROKEN, .problem = problem};
}

// The number behind a word such as "out ", or -1: decimal, no sign, no leading zeros, at most most.
static long number_after(const struct control *control, const char *word, long most)
{
    size_t start = strlen(word);
    if (control->length <= start || memcmp(control->line, word, start) != 0) {
        return -1;
    }
    if (control->line[start] == '0' && control->length > start + 1) {
        return -1;
    }
    long value = 0;
    for (size_t i = start; i < control->length; i++) {
        char digit = control->line[i];
        if (digit < '0' || digit > '9') {
            return -1;
        }
        value = value * 10 + (digit - '0');
        if (value > most) {
            return -1;
        }
    }
    return value;
}

static bool line_is(const struct control *control, const char *text)
{
    return control->length == strlen(text) && memcmp(control->line, text, control->length) == 0;
}

static bool line_starts(const struct control *control, const char *text)
{
    return control->length >= strlen(text) && memcmp(control->line, text, strlen(text)) == 0;
}

static struct control_event first_line(struct control *control)
{
    if (line_is(control, "hello 1")) {
        control->greeted = true;
        control->state = control->exec ? CONTROL_LINE : CONTROL_SILENT;
        return (struct control_event){.kind = CONTROL_HELLO};
    }
    if (line_starts(control, "hello ")) {
        return refuse(control, "it speaks another version");
    }
    return refuse(control, "it did not say hello first");
}

static struct control_event later_line(struct control *control)
{
    long length = number_after(control, "out ", (long)CONTROL_OUTPUT_SIZE);
    if (length >= 0) {
        control->left = (size_t)length;
        control->state = length > 0 ? CONTROL_BODY : CONTROL_LINE;
        return (struct control_event){.kind = CONTROL_MORE};
    }
    long status = number_after(control, "exit ", 255);
    if (status >= 0) {
        control->state = CONTROL_SILENT;
        return (struct control_event){.kind = CONTROL_EXIT, .status = (unsigned)status};
    }
    if (line_starts(control, "out ")) {
        return refuse(control, "a length is malformed or above 4096");
    }
    if (line_starts(control, "exit ")) {
        return refuse(control, "an exit status is malformed or above 255");
    }
    if (line_starts(control, "hello ")) {
        return refuse(control, "it said hello twice");
    }
    return refuse(control, "it sent an unknown line");
}

// One byte of a line. Only a newline makes an event.
static struct control_event take_byte(struct control *control, uint8_t byte)
{
    if (byte != '\n') {
        if (control->length == CONTROL_LINE_SIZE) {
            return refuse(control, "a line is too long");
        }
        control->line[control->length++] = (char)byte;
        return (struct control_event){.kind = CONTROL_MORE};
    }
    struct control_event event = control->greeted ? later_line(control) : first_line(control);
    control->length = 0;
    return event;
}

static struct control_event take_body(struct control *control, const uint8_t *bytes, size_t length)
{
    size_t piece = length < control->left ? length : control->left;
    control->left -= piece;
    if (control->left == 0) {
        control->state = CONTROL_LINE;
    }
    return (struct control_event){
        .kind = CONTROL_OUTPUT, .used = piece, .bytes = bytes, .length = piece};
}

struct control_event control_read(struct control *control, const uint8_t *bytes, size_t length)
{
    for (size_t used = 0; used < length;) {
        if (control->state == CONTROL_SILENT || control->state == CONTROL_REFUSED) {
            break;
        }
        struct control_event event;
        if (control->state == CONTROL_BODY) {
            event = take_body(control, bytes + used, length - used);
            event.used += used;
            return event;
        }
        event = take_byte(control, bytes[used++]);
        if (event.kind != CONTROL_MORE) {
            event.used = used;
            return event;
        }
    }
    return (struct control_event){.kind = CONTROL_MORE, .used = length};
}
