// SPDX-License-Identifier: MIT
// A line of the record for a person: whole ones, ones without some of it, and ones that are none.
#include <string.h>

#include "../record_line.h"
#include "test.h"

static const char *shown(const char *line)
{
    static char buffer[256];
    struct policy_text text = policy_text(buffer, sizeof buffer);
    policy_add_line(&text, line, strlen(line));
    return buffer;
}

TEST("a line of the record is shown with number, event, program, permission and cause")
{
    const char *line = "{\"v\":1,\"n\":3,\"time\":7,\"event\":\"refuse\",\"program\":\"busybox\","
                       "\"instance\":12,\"permission\":\"files.path.read\",\"scope\":\"/a\","
                       "\"because\":\"nobody\",\"chain\":\"00\"}";
    CHECK(strcmp(shown(line), "    3 refuse  busybox files.path.read:/a (nobody)") == 0);
}

TEST("what a line has not is left out")
{
    CHECK(strcmp(shown("{\"v\":1,\"n\":12,\"time\":7,\"event\":\"start\",\"chain\":\"00\"}"),
                 "   12 start   ") == 0);
    CHECK(
        strcmp(shown("{\"n\":1,\"event\":\"use\",\"program\":\"a\",\"permission\":\"audit.read\"}"),
               "    1 use     a audit.read") == 0);
}

TEST("a key within a text is none, and an escaped quotation mark ends no text")
{
    CHECK(strcmp(shown("{\"n\":1,\"event\":\"use\",\"program\":\"a\",\"scope\":\"/"
                       "x\\\",\\\"because\\\":\\\"y\","
                       "\"because\":\"rule\"}"),
                 "    1 use     a:/x\\\",\\\"because\\\":\\\"y (rule)") == 0);
}

TEST("what is cut off, or no line at all, is shown as far as it goes")
{
    static const char line[] =
        "{\"n\":1,\"event\":\"use\",\"program\":\"a\\\"b\",\"scope\":\"/x\"}";
    char buffer[256];
    for (size_t length = 0; length < sizeof line; length++) {
        struct policy_text text = policy_text(buffer, sizeof buffer);
        policy_add_line(&text, line, length);
        CHECK(!text.cut);
    }
    CHECK(strcmp(shown(""), "              ") == 0 &&
          strcmp(shown("\\\"{,:"), "              ") == 0);
}
