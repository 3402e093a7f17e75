// SPDX-License-Identifier: MIT
#include "text.h"

#include <string.h>

#include "test.h"

static char buffer[256];

static const char *shown(const char *other, size_t cells)
{
    struct policy_text text = policy_text(buffer, sizeof buffer);
    policy_add_shown(&text, other, strlen(other), cells);
    return buffer;
}

static const char *json(const char *other, size_t length)
{
    struct policy_text text = policy_text(buffer, sizeof buffer);
    policy_add_json(&text, other, length);
    return buffer;
}

TEST("plain text and letters of all alphabets are shown as they are")
{
    CHECK(strcmp(shown("/users/me/file.txt", 80), "/users/me/file.txt") == 0);
    CHECK(strcmp(shown("Grüße, привет, 你好", 80), "Grüße, привет, 你好") == 0);
}

TEST("characters that move the cursor, change direction or hide are shown as escapes")
{
    CHECK(strcmp(shown("a\x1b[2Jb", 80), "a\\u{1b}[2Jb") == 0);
    CHECK(strcmp(shown("a\nb\rc\td", 80), "a\\u{a}b\\u{d}c\\u{9}d") == 0);
    CHECK(strcmp(shown("a\xc2\x9b"
                       "b",
                       80),
                 "a\\u{9b}b") == 0);
    CHECK(strcmp(shown("txt.\u202eexe", 80), "txt.\\u{202e}exe") == 0);
    CHECK(strcmp(shown("a\u2066b\u200bc\ufeff", 80), "a\\u{2066}b\\u{200b}c\\u{feff}") == 0);
    CHECK(strcmp(shown("e\u0301", 80), "e\\u{301}") == 0);
    CHECK(strcmp(shown("a\u3000b\u00a0c", 80), "a\\u{3000}b\\u{a0}c") == 0);
    CHECK(strcmp(shown("\U000e0041", 80), "\\u{e0041}") == 0);
}

TEST("bytes that are no UTF-8 are shown as escapes, and a backslash can't be taken for one")
{
    CHECK(strcmp(shown("a\xff"
                       "b",
                       80),
                 "a\\xffb") == 0);
    CHECK(strcmp(shown("\xc0\xaf", 80), "\\xc0\\xaf") == 0);
    CHECK(strcmp(shown("\xed\xa0\x80", 80), "\\xed\\xa0\\x80") == 0);
    CHECK(strcmp(shown("\xf4\x90\x80\x80", 80), "\\xf4\\x90\\x80\\x80") == 0);
    CHECK(strcmp(shown("\xe2\x82", 80), "\\xe2\\x82") == 0);
    CHECK(strcmp(shown("\\xff", 80), "\\\\xff") == 0);
}

TEST("text that is too long keeps both its ends")
{
    CHECK(strcmp(shown("0123456789abcdef", 11), "0123...cdef") == 0);
    CHECK(strcmp(shown("0123456789", 10), "0123456789") == 0);
}

TEST("a text never takes more cells than it was given, wide characters and escapes included")
{
    static const char *const texts[] = {"你好你好你好你好", "\x1b\x1b\x1b\x1b\x1b\x1b",
                                        "abcdefghijklmnop", "a\xff你b"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        for (size_t cells = 3; cells < 40; cells++) {
            struct policy_text text = policy_text(buffer, sizeof buffer);
            policy_add_shown(&text, texts[i], strlen(texts[i]), cells);
            CHECK(text.column <= cells);
            CHECK(!text.cut);
        }
    }
}

TEST("what does not fit into the buffer is left out whole, and noted")
{
    char small[8];
    struct policy_text text = policy_text(small, sizeof small);
    policy_add(&text, "abc");
    policy_add_shown(&text, "\xff\xff", 2, 80);
    CHECK(text.cut);
    CHECK(strcmp(small, "abc\\xff") == 0);
    policy_add(&text, "d");
    CHECK(strcmp(small, "abc\\xff") == 0);
}

TEST("text is a JSON string that loses no byte")
{
    CHECK(strcmp(json("a\"b\\c\nd", 7), "a\\\"b\\\\c\\u000ad") == 0);
    CHECK(strcmp(json("a\xff", 2), "a\\udcff") == 0);
    CHECK(strcmp(json("a\0b", 3), "a\\u0000b") == 0);
    CHECK(strcmp(json("é", 2), "é") == 0);
}
