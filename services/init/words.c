// SPDX-License-Identifier: MIT
// One pass over the line. Words are copied one after the other, each with its zero.
#include "words.h"

#include <stdint.h>
#include <string.h>

static bool is_blank(char character)
{
    return character == ' ' || character == '\t';
}

// Copies one word from `line` + `at` to `to`; gives where the line goes on, or SIZE_MAX when a
// quote is left open.
static size_t copy_word(const char *line, size_t length, size_t at, char **to)
{
    char quote = 0;
    for (; at < length && (quote != 0 || !is_blank(line[at])); at++) {
        char character = line[at];
        if (quote == 0 && (character == '\'' || character == '"')) {
            quote = character;
            continue;
        }
        if (quote != 0 && character == quote) {
            quote = 0;
            continue;
        }
        if (character == '\\' && quote != '\'' && at + 1 < length) {
            character = line[++at];
        }
        *(*to)++ = character;
    }
    *(*to)++ = 0;
    return quote == 0 ? at : SIZE_MAX;
}

void words_cut(struct words *words, const char *line, size_t length)
{
    char *to = words->text;
    words->fault = nullptr;
    words->count = 0;
    words->word[0] = nullptr;
    if (length > WORDS_LINE_MOST) {
        words->fault = "the line is too long";
        return;
    }
    if (memchr(line, 0, length) != nullptr) {
        words->fault = "the line holds a zero byte";
        return;
    }
    for (size_t at = 0; at < length;) {
        if (is_blank(line[at])) {
            at++;
            continue;
        }
        if (words->count == WORDS_MOST) {
            words->fault = "there are too many words";
            return;
        }
        words->word[words->count++] = to;
        words->word[words->count] = nullptr;
        at = copy_word(line, length, at, &to);
        if (at == SIZE_MAX) {
            words->fault = "a quote is not closed";
            return;
        }
    }
}
