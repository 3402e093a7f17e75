// SPDX-License-Identifier: MIT
// Cuts a command line into words.
//
// Words stand between blanks. Between '…' everything is meant as it is; between "…" and outside,
// a backslash takes the next character as it is. Nothing else is special.
#pragma once

#include <stddef.h>

constexpr size_t WORDS_MOST = 32;
constexpr size_t WORDS_LINE_MOST = 512;

struct words {
    const char *fault; // null, or why the line can't be read
    size_t count;
    char *word[WORDS_MOST + 1]; // ended by a null pointer
    char text[WORDS_LINE_MOST + WORDS_MOST];
};

// Cuts `length` bytes of `line`. `words` may not move afterwards.
void words_cut(struct words *words, const char *line, size_t length);
