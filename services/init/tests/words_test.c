// SPDX-License-Identifier: MIT
#include "words.h"

#include <string.h>

#include "test.h"

static struct words words;

static void cut(const char *line)
{
    words_cut(&words, line, strlen(line));
}

static bool has(size_t number, const char *word)
{
    return number < words.count && strcmp(words.word[number], word) == 0;
}

TEST("a command line is cut at blanks")
{
    cut("  run  bin/hello\tone two ");
    CHECK(words.fault == nullptr && words.count == 4);
    CHECK(has(0, "run") && has(1, "bin/hello") && has(2, "one") && has(3, "two"));
    CHECK(words.word[4] == nullptr);
}

TEST("an empty command line has no words")
{
    cut("");
    CHECK(words.fault == nullptr && words.count == 0 && words.word[0] == nullptr);
    cut(" \t ");
    CHECK(words.fault == nullptr && words.count == 0);
}

TEST("quotes and backslashes keep blanks, quotes and empty words")
{
    cut("echo 'a  b' \"c \\\" d\" e\\ f '' g'h'i");
    CHECK(words.count == 6);
    CHECK(has(1, "a  b") && has(2, "c \" d") && has(3, "e f") && has(4, "") && has(5, "ghi"));
    cut("'a\\b' end\\");
    CHECK(has(0, "a\\b") && has(1, "end\\"));
}

TEST("a command line with an open quote is refused")
{
    cut("echo 'abc");
    CHECK(words.fault != nullptr);
    cut("echo \"abc\\\"");
    CHECK(words.fault != nullptr);
}

TEST("a command line with too many words, too many bytes or a zero is refused")
{
    char line[1024];
    for (size_t i = 0; i < sizeof line; i++) {
        line[i] = i % 2 == 0 ? 'x' : ' ';
    }
    words_cut(&words, line, 2 * WORDS_MOST);
    CHECK(words.fault == nullptr && words.count == WORDS_MOST);
    words_cut(&words, line, 2 * WORDS_MOST + 1);
    CHECK(words.fault != nullptr);
    memset(line, 'x', sizeof line);
    words_cut(&words, line, WORDS_LINE_MOST);
    CHECK(words.fault == nullptr && strlen(words.word[0]) == WORDS_LINE_MOST);
    words_cut(&words, line, WORDS_LINE_MOST + 1);
    CHECK(words.fault != nullptr);
    words_cut(&words, "a\0b", 3);
    CHECK(words.fault != nullptr);
}
