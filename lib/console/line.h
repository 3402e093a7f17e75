// SPDX-License-Identifier: MIT
// Edits one line of text, byte by byte as a person (or anything else) sends them.
//
// Known: Return; Backspace and Delete-left; Ctrl-U (clear); Ctrl-A, Ctrl-E, Home, End; the arrow
// keys (left, right, history); Ctrl-C (give up the line); Ctrl-D on an empty line (closed). Every
// other control byte and escape sequence is dropped, as are bytes above 0x7e; so nothing that is
// typed can reach the screen as anything but a letter. A line that is full rings the bell and takes
// no more.
//
// What is shown uses only printable bytes, backspace, bell, carriage return and newline.
#pragma once

#include <stddef.h>
#include <stdint.h>

constexpr size_t LINE_MOST = 480;
constexpr size_t LINE_HISTORY = 16;

enum line_event : uint32_t {
    LINE_MORE,     // the line goes on
    LINE_ENTERED,  // line->text has it
    LINE_GIVEN_UP, // by Ctrl-C
    LINE_CLOSED,   // by Ctrl-D on an empty line
};

enum line_escape : uint32_t {
    LINE_PLAIN,
    LINE_ESCAPE,  // after ESC
    LINE_CONTROL, // after ESC [
    LINE_SINGLE,  // after ESC O
    LINE_STRING,  // in a string that ends with BEL or ESC \, as ESC ] starts one
};

struct line {
    void (*show)(void *context, const char *bytes, size_t length);
    void *context;
    size_t length;
    size_t cursor;
    size_t recalled; // 0: the line itself; n: the n-th line before it
    enum line_escape escape;
    uint8_t parameter; // first byte after ESC [, for keys such as ESC [ 1 ~
    bool after_return; // a newline right after a carriage return belongs to it
    size_t remembered; // lines in the history
    char text[LINE_MOST + 1];
    char history[LINE_HISTORY][LINE_MOST + 1]; // the latest first
};

// Starts with an empty history.
void line_start(struct line *line, void (*show)(void *context, const char *bytes, size_t length),
                void *context);

// Shows the prompt and starts an empty line.
void line_begin(struct line *line, const char *prompt, size_t length);

// Takes one byte. After any event but LINE_MORE, line_begin comes first.
[[nodiscard]] enum line_event line_feed(struct line *line, uint8_t byte);
