// SPDX-License-Identifier: MIT
// What the runner notices in the console's output while it passes by: when the first byte came,
// when the prompt and the text of --until appeared, and the last line, which helps when KOZO fails.
// The output itself is never changed.
#pragma once

#include <stddef.h>
#include <stdint.h>

constexpr size_t CONSOLE_TEXT_SIZE = 256;

// Looks for a text in a stream (Knuth, Morris, Pratt).
struct finder {
    const char *text; // null: nothing to find
    size_t length;
    size_t matched;
    bool found;
    size_t fallback[CONSOLE_TEXT_SIZE]; // longest border of each prefix
};

struct console {
    bool spoke;
    struct finder prompt;
    struct finder until;
    size_t length;
    char line[CONSOLE_TEXT_SIZE]; // the current line, its beginning
    size_t last_length;
    char last[CONSOLE_TEXT_SIZE]; // the last line before it that was not empty
};

// What a piece of output brought that had not been seen before.
struct console_news {
    bool first;  // the first byte
    bool prompt; // "Init> "
    bool until;
};

// text has at most 255 bytes; null finds nothing.
struct finder finder_begin(const char *text);

// True when the text is completed within these bytes, for the first time.
[[nodiscard]] bool finder_read(struct finder *finder, const uint8_t *bytes, size_t length);

struct console console_begin(const char *until);

[[nodiscard]] struct console_news console_read(struct console *console, const uint8_t *bytes,
                                               size_t length);

// The last line that was not empty, escaped for a message; empty if there was none.
const char *console_last_line(const struct console *console, char *out, size_t size);
