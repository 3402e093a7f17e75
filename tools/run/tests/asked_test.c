// SPDX-License-Identifier: MIT
// What the machine asks: each kind of record, and whatever else a program may make of it.
#include "../asked.h"

#include <string.h>

#include "test.h"

static struct asked asked;

TEST("a path is asked for, to be read or to be changed")
{
    CHECK(asked_read("7 r /a b", &asked) && asked.number == 7 && !asked.write && !asked.picks);
    CHECK(asked.lease == 0 && strcmp(asked.path, "/a b") == 0);
    CHECK(asked_read("7 w /", &asked) && asked.write && strcmp(asked.path, "/") == 0);
}

TEST("under sudo the lease and the name of the command stand before it")
{
    CHECK(asked_read("7 r 3 cat /a", &asked) && asked.lease == 3);
    CHECK(strcmp(asked.command, "cat") == 0 && strcmp(asked.path, "/a") == 0);
    CHECK(!asked_read("7 r 0 cat /a", &asked) && !asked_read("7 r 3 cat a", &asked));
    CHECK(!asked_read("7 r 3 cat", &asked) && !asked_read("7 r 3", &asked));
    CHECK(asked_read("7 r 3 fifteen-letters /a", &asked));
    CHECK(!asked_read("7 r 3 sixteen-letters. /a", &asked));
}

TEST("for a file that is to be chosen it stands why, and there need be no lease")
{
    CHECK(asked_read("7 R 0 wc to count it", &asked) && asked.picks && !asked.write);
    CHECK(asked.lease == 0 && strcmp(asked.path, "to count it") == 0);
    CHECK(asked_read("7 W 3 wc ", &asked) && asked.write && asked.lease == 3);
    CHECK(asked.path[0] == '\0');
    CHECK(!asked_read("7 R /a", &asked));
}

TEST("a query is a number and a request")
{
    CHECK(asked_read_query("7 why a b", &asked) && asked.query && asked.number == 7);
    CHECK(strcmp(asked.path, "why a b") == 0);
    CHECK(!asked_read_query("why", &asked) && !asked_read_query("0 why", &asked));
}

TEST("anything else is no record")
{
    static const char *const records[] = {"",      "7",     "7 ",      "7 x /a",         "7 r",
                                          "7 r/a", "r /a",  "0 r /a",  "-1 r /a",        "7  r /a",
                                          "7 r a", "7r /a", "7 rw /a", "1073741825 r /a"};
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
        CHECK(!asked_read(records[i], &asked));
    }
}

TEST("what is too long for a path is left empty, and a query refused")
{
    static char text[POLICY_SCOPE_SIZE + 16] = "7 r /";
    memset(text + 5, 'a', POLICY_SCOPE_SIZE - 2);
    CHECK(asked_read(text, &asked) && strlen(asked.path) == POLICY_SCOPE_SIZE - 1);
    text[strlen(text)] = 'a';
    CHECK(asked_read(text, &asked) && asked.path[0] == '\0');
    CHECK(!asked_read_query(text, &asked));
}
