// SPDX-License-Identifier: MIT
// What the guest says about the program of a run: good conversations, in pieces of any size, and each way to
// break the protocol.
#include <stdio.h>
#include <string.h>

#include "../talk.h"
#include "test.h"

constexpr size_t TOLD_SIZE = 4'096;

// All events of a text, as a text: "exit 7;", "trace abc;".
static const char *told(const char *text, size_t length, size_t piece)
{
    static char out[TOLD_SIZE];
    struct talk talk = {};
    size_t used = 0;
    out[0] = '\0';
    for (size_t at = 0; at < length;) {
        size_t given = length - at < piece ? length - at : piece;
        struct talk_event event = talk_read(&talk, (const uint8_t *)text + at, given);
        at += event.used;
        static const char *const names[] = {
            [TALK_EXIT] = "exit",   [TALK_KILLED] = "killed", [TALK_FAILED] = "failed",
            [TALK_TRACE] = "trace", [TALK_REPORT] = "report", [TALK_BROKEN] = "broken",
            [TALK_UNASK] = "unask", [TALK_USED] = "used",     [TALK_OVER] = "over",
        };
        if (event.kind == TALK_MORE) {
            continue;
        }
        if (event.kind == TALK_QUERY) {
            used += (size_t)snprintf(out + used, sizeof out - used, "query %s;", event.text);
            continue;
        }
        const char *body = event.kind == TALK_FAILED ? talk.reason : (const char *)event.bytes;
        size_t bytes = event.kind == TALK_FAILED ? talk.reason_length : event.length;
        used += (size_t)snprintf(out + used, sizeof out - used, "%s %u %.*s;", names[event.kind],
                                 event.number, (int)bytes, body == nullptr ? "" : body);
        if (event.kind == TALK_BROKEN) {
            break;
        }
    }
    return out;
}

static bool says(const char *text, const char *events)
{
    return strcmp(told(text, strlen(text), 1'000), events) == 0;
}

static bool breaks(const char *text)
{
    const char *events = told(text, strlen(text), 1'000);
    return strstr(events, "broken") != nullptr;
}

TEST("a program's end is told by its status, its signal, or a reason")
{
    CHECK(says("exit 0\n", "exit 0 ;") && says("exit 255\n", "exit 255 ;"));
    CHECK(says("killed 9\n", "killed 9 ;") && says("killed 64\n", "killed 64 ;"));
    CHECK(says("failed 3\nwhy", "failed 0 why;") && says("failed 0\n", "failed 0 ;"));
}

TEST("a query is told when all of it has come, in pieces of any size; an empty one is not told")
{
    static const char text[] = "query 6\n1 list"
                               "query 0\n"
                               "query 7\n2 why x"
                               "exit 0\n";
    for (size_t piece = 1; piece < sizeof text; piece++) {
        CHECK(strcmp(told(text, sizeof text - 1, piece), "query 1 list;query 2 why x;exit 0 ;") ==
              0);
    }
    CHECK(breaks("query 4161\n") && breaks("query -1\n") && breaks("query\n"));
}

TEST("traces and a report come before the end, or after it")
{
    CHECK(says("trace 3\nabcreport 2\n{}exit 7\n", "trace 0 abc;report 0 {};exit 7 ;"));
    CHECK(says("exit 7\nreport 2\n{}", "exit 7 ;report 0 {};"));
    CHECK(says("trace 0\nexit 1\n", "trace 0 ;exit 1 ;"));
}

TEST("questions that are withdrawn, calls and commands that are over, are told by their numbers")
{
    CHECK(says("unask 7\nused 8\nover 1073741824\n", "unask 7 ;used 8 ;over 1073741824 ;"));
    CHECK(breaks("over 1073741825\n") && breaks("over\n") && breaks("over x\n"));
}

TEST("a conversation may come in pieces of any size")
{
    static const char text[] = "trace 5\nhellofailed 11\nno\nprogram!report 2\n{}";
    CHECK(strstr(told(text, strlen(text), 1), "failed 0 no\nprogram!;report") != nullptr);
    CHECK(strstr(told(text, strlen(text), 7), "failed 0 no\nprogram!;report") != nullptr);
}

TEST("numbers that are malformed or too high break the protocol")
{
    static const char *const wrong[] = {
        "exit 256\n",
        "exit -1\n",
        "exit\n",
        "exit \n",
        "exit 07\n",
        "exit 1x\n",
        "exit  1\n",
        "killed 0\n",
        "killed 65\n",
        "failed 513\n",
        "trace 65537\n",
        "report 4194305\n",
        "exit 99999999999999999999\n",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        CHECK(breaks(wrong[i]));
    }
    CHECK(!breaks("trace 65536\n") && !breaks("report 4194304\n") && !breaks("failed 512\n"));
}

TEST("unknown lines, lines without end, and what is told twice break the protocol")
{
    CHECK(breaks("hello 1\n") && breaks("\n") && breaks("Exit 1\n") && breaks("out 3\nabc"));
    CHECK(breaks("exit 11111111111111111111111111111111"));
    CHECK(breaks("exit 1\nexit 1\n") && breaks("exit 1\nkilled 9\n") &&
          breaks("failed 0\nexit 1\n"));
    CHECK(breaks("report 1\n{report 1\n{"));
}
