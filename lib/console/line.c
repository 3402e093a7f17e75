// SPDX-License-Identifier: MIT
// The line editor. The text before the cursor is on the screen, then the rest of it; the terminal's
// cursor always stands at line->cursor.
#include "line.h"

#include <string.h>

constexpr uint8_t CONTROL_A = 0x01;
constexpr uint8_t CONTROL_C = 0x03;
constexpr uint8_t CONTROL_D = 0x04;
constexpr uint8_t CONTROL_E = 0x05;
constexpr uint8_t BELL = 0x07;
constexpr uint8_t BACKSPACE = 0x08;
constexpr uint8_t NEWLINE = 0x0a;
constexpr uint8_t RETURN = 0x0d;
constexpr uint8_t CONTROL_U = 0x15;
constexpr uint8_t ESCAPE = 0x1b;
constexpr uint8_t DELETE = 0x7f;

static void show(struct line *line, const char *bytes, size_t length)
{
    if (length > 0) {
        line->show(line->context, bytes, length);
    }
}

static void show_many(struct line *line, char byte, size_t count)
{
    char bytes[32];
    memset(bytes, byte, sizeof bytes);
    for (; count > sizeof bytes; count -= sizeof bytes) {
        show(line, bytes, sizeof bytes);
    }
    show(line, bytes, count);
}

static void ring(struct line *line)
{
    show_many(line, '\a', 1);
}

// Shows what is behind the cursor and as many blanks as were there more, and goes back.
static void show_rest(struct line *line, size_t blanks)
{
    show(line, line->text + line->cursor, line->length - line->cursor);
    show_many(line, ' ', blanks);
    show_many(line, '\b', line->length - line->cursor + blanks);
}

static void move_to(struct line *line, size_t cursor)
{
    if (cursor < line->cursor) {
        show_many(line, '\b', line->cursor - cursor);
    } else {
        show(line, line->text + line->cursor, cursor - line->cursor);
    }
    line->cursor = cursor;
}

static void insert(struct line *line, char character)
{
    if (line->length == LINE_MOST) {
        ring(line);
        return;
    }
    memmove(line->text + line->cursor + 1, line->text + line->cursor, line->length - line->cursor);
    line->text[line->cursor++] = character;
    line->length++;
    show(line, &character, 1);
    if (line->cursor < line->length) {
        show_rest(line, 0);
    }
}

// Removes the character under the cursor.
static void remove_here(struct line *line)
{
    if (line->cursor == line->length) {
        ring(line);
        return;
    }
    line->length--;
    memmove(line->text + line->cursor, line->text + line->cursor + 1, line->length - line->cursor);
    show_rest(line, 1);
}

static void backspace(struct line *line)
{
    if (line->cursor == 0) {
        ring(line);
        return;
    }
    move_to(line, line->cursor - 1);
    remove_here(line);
}

static void replace(struct line *line, const char *text)
{
    size_t old = line->length;
    move_to(line, 0);
    line->length = strlen(text);
    memcpy(line->text, text, line->length);
    show_rest(line, old > line->length ? old - line->length : 0);
    move_to(line, line->length);
}

// Shows the line that was entered `number` lines before, or an empty one for 0.
static void recall(struct line *line, size_t number)
{
    if (number > line->remembered) {
        ring(line);
        return;
    }
    line->recalled = number;
    replace(line, number == 0 ? "" : line->history[number - 1]);
}

static void remember(struct line *line)
{
    bool same = line->remembered > 0 && strcmp(line->history[0], line->text) == 0;
    if (line->length == 0 || same) {
        return;
    }
    memmove(line->history[1], line->history[0], sizeof line->history - sizeof line->history[0]);
    memcpy(line->history[0], line->text, line->length + 1);
    if (line->remembered < LINE_HISTORY) {
        line->remembered++;
    }
}

// The last byte of an escape sequence says what was pressed.
static void key(struct line *line, uint8_t last)
{
    if (last == '~' && (line->parameter == '1' || line->parameter == '7')) {
        last = 'H';
    } else if (last == '~' && (line->parameter == '4' || line->parameter == '8')) {
        last = 'F';
    } else if (last == '~' && line->parameter == '3') {
        remove_here(line);
    } else if (line->parameter != 0) {
        return;
    }
    switch (last) {
    case 'A':
        recall(line, line->recalled + 1);
        return;
    case 'B':
        recall(line, line->recalled > 0 ? line->recalled - 1 : 0);
        return;
    case 'C':
        move_to(line, line->cursor < line->length ? line->cursor + 1 : line->cursor);
        return;
    case 'D':
        move_to(line, line->cursor > 0 ? line->cursor - 1 : 0);
        return;
    case 'H':
        move_to(line, 0);
        return;
    case 'F':
        move_to(line, line->length);
        return;
    default:
        return;
    }
}

// Takes a byte inside of an escape sequence. False when it is none of the sequence's, and is meant
// by itself.
static bool feed_escape(struct line *line, uint8_t byte)
{
    bool breaks_off = byte == RETURN || byte == NEWLINE || byte == CONTROL_C || byte == CONTROL_D;
    if (line->escape == LINE_PLAIN) {
        return false;
    }
    if (breaks_off) {
        line->escape = LINE_PLAIN;
        return false;
    }
    if (byte == ESCAPE) {
        line->escape = LINE_ESCAPE;
        return true;
    }
    switch (line->escape) {
    case LINE_ESCAPE:
        line->parameter = 0;
        line->escape = byte == '['                                     ? LINE_CONTROL
                       : byte == 'O'                                   ? LINE_SINGLE
                       : strchr("]PX^_", byte) != nullptr && byte != 0 ? LINE_STRING
                                                                       : LINE_PLAIN;
        return true;
    case LINE_CONTROL:
        if (byte >= 0x20 && byte < 0x40) {
            // A second parameter byte makes it a key that is not known here.
            line->parameter = line->parameter == 0 ? byte : 0xff;
            return true;
        }
        line->escape = LINE_PLAIN;
        key(line, byte);
        return true;
    case LINE_SINGLE:
        line->escape = LINE_PLAIN;
        key(line, byte);
        return true;
    default:
        if (byte == BELL) {
            line->escape = LINE_PLAIN;
        }
        return true;
    }
}

static enum line_event finish(struct line *line, enum line_event event)
{
    move_to(line, line->length);
    line->text[line->length] = 0;
    if (event == LINE_ENTERED) {
        remember(line);
    }
    if (event == LINE_GIVEN_UP) {
        show(line, "^C", 2);
    }
    show(line, "\r\n", 2);
    return event;
}

void line_start(struct line *line, void (*show)(void *context, const char *bytes, size_t length),
                void *context)
{
    *line = (struct line){.show = show, .context = context};
}

void line_begin(struct line *line, const char *prompt, size_t length)
{
    line->length = 0;
    line->cursor = 0;
    line->recalled = 0;
    line->escape = LINE_PLAIN;
    show(line, prompt, length);
}

enum line_event line_feed(struct line *line, uint8_t byte)
{
    bool second = byte == NEWLINE && line->after_return;
    line->after_return = byte == RETURN;
    if (second || feed_escape(line, byte)) {
        return LINE_MORE;
    }
    switch (byte) {
    case RETURN:
    case NEWLINE:
        return finish(line, LINE_ENTERED);
    case CONTROL_C:
        return finish(line, LINE_GIVEN_UP);
    case CONTROL_D:
        if (line->length == 0) {
            return finish(line, LINE_CLOSED);
        }
        ring(line);
        return LINE_MORE;
    case BACKSPACE:
    case DELETE:
        backspace(line);
        return LINE_MORE;
    case CONTROL_U:
        replace(line, "");
        return LINE_MORE;
    case CONTROL_A:
        move_to(line, 0);
        return LINE_MORE;
    case CONTROL_E:
        move_to(line, line->length);
        return LINE_MORE;
    case ESCAPE:
        line->escape = LINE_ESCAPE;
        return LINE_MORE;
    default:
        if (byte >= ' ' && byte < DELETE) {
            insert(line, (char)byte);
        } else {
            ring(line);
        }
        return LINE_MORE;
    }
}
