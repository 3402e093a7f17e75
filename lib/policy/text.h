// SPDX-License-Identifier: MIT
// Text that a person reads and that others had a hand in: file names, reasons, names of programs. It
// is copied so that it can neither move the cursor, nor hide, nor turn around what stands beside it:
// control characters, those that change direction, invisible and combining ones, and bytes that are
// no UTF-8 become escapes, \xNN for a byte and \u{N} for a character.
//
// A writer collects text in a buffer. What does not fit is left out, and noted.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct policy_text {
    char *buffer; // ends with a zero byte
    size_t size;
    size_t length;
    size_t column; // of the last line: terminal cells so far
    bool cut;      // something did not fit
};

// Starts an empty text; size is at least 1.
[[nodiscard]] struct policy_text policy_text(char *buffer, size_t size);

// Adds text that this system wrote itself.
[[gnu::format(printf, 2, 3)]]
void policy_add(struct policy_text *text, const char *format, ...);

// Adds text of others, escaped, of at most so many cells. When there is more, its middle is left out
// and shown as "...", so that both its ends can be seen.
void policy_add_shown(struct policy_text *text, const char *other, size_t length, size_t cells);

// Adds text of others as it stands inside a JSON string. A byte that is no UTF-8 becomes the lone
// surrogate \udcNN, so that nothing is lost.
void policy_add_json(struct policy_text *text, const char *other, size_t length);

// A character, or the byte that is none.
struct policy_character {
    uint32_t code;
    uint8_t bytes; // that it takes
    bool valid;
};

// The first character of a text that is not empty.
[[nodiscard]] struct policy_character policy_character(const char *text, size_t length);
