// SPDX-License-Identifier: MIT
#include <kozo/format.h>
#include <stdint.h>
#include <string.h>

#include "test.h"

static char text[64];

#define SHOWS(expected, ...)                                                                       \
    (kozo_format(text, sizeof text, __VA_ARGS__) == strlen(expected) && strcmp(text, expected) == 0)

TEST("format copies plain text and turns %% into one percent sign")
{
    CHECK(SHOWS("a 100% b", "a 100%% b"));
    CHECK(SHOWS("", "%s", ""));
}

TEST("format writes numbers with sign, base, width and zeros")
{
    CHECK(SHOWS("-5 7 ff", "%d %u %x", -5, 7u, 255u));
    CHECK(SHOWS("[   42][42   ][00042]", "[%5d][%-5d][%05d]", 42, 42, 42));
    CHECK(SHOWS("[-0042]", "[%05d]", -42));
    CHECK(SHOWS("18446744073709551615", "%lu", UINT64_MAX));
    CHECK(SHOWS("-9223372036854775808", "%ld", INT64_MIN));
    CHECK(SHOWS("12", "%zu", (size_t)12));
}

TEST("format writes words with width and precision")
{
    CHECK(SHOWS("[  ab][ab  ][a]", "[%4s][%-4s][%.1s]", "ab", "ab", "ab"));
    CHECK(SHOWS("abc", "%.*s", 3, "abcdef"));
    CHECK(SHOWS("x", "%c", 'x'));
    CHECK(SHOWS("[   x]", "[%*s]", 4, "x"));
}

TEST("format never reads beyond the precision of a word")
{
    char raw[3] = {'a', 'b', 'c'};
    CHECK(SHOWS("abc", "%.3s", raw));
}

TEST("format cuts at the end of the buffer and tells the whole length")
{
    char small[4];
    CHECK(kozo_format(small, sizeof small, "%s", "abcdef") == 6);
    CHECK(strcmp(small, "abc") == 0);
    CHECK(kozo_format(small, 0, "%u", 12345u) == 5);
    CHECK(strcmp(small, "abc") == 0);
}
