// SPDX-License-Identifier: MIT
// The control channel's parser: conversations that are right, in every cut, and hostile ones.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../control.h"
#include "test.h"

// What a conversation came to.
struct heard {
    unsigned hellos;
    unsigned exits;
    unsigned status;
    bool broken;
    size_t length;
    char output[8'192];
};

static void hear(struct heard *heard, struct control *control, const char *bytes, size_t length)
{
    for (size_t used = 0; used < length;) {
        struct control_event event =
            control_read(control, (const uint8_t *)bytes + used, length - used);
        used += event.used;
        heard->hellos += event.kind == CONTROL_HELLO;
        heard->exits += event.kind == CONTROL_EXIT;
        heard->status = event.kind == CONTROL_EXIT ? event.status : heard->status;
        if (event.kind == CONTROL_OUTPUT && heard->length + event.length <= sizeof heard->output) {
            memcpy(heard->output + heard->length, event.bytes, event.length);
            heard->length += event.length;
        }
        if (event.kind == CONTROL_BROKEN) {
            heard->broken = event.problem != nullptr;
            return;
        }
    }
}

static struct heard converse(bool exec, const char *text)
{
    struct control control = control_begin(exec);
    struct heard heard = {};
    hear(&heard, &control, text, strlen(text));
    return heard;
}

static const char whole[] = "hello 1\nout 6\nout 1\nout 0\nout 3\nabcexit 7\n";

TEST("a command's output and status arrive")
{
    struct heard heard = converse(true, whole);
    CHECK(heard.hellos == 1 && heard.exits == 1 && heard.status == 7 && !heard.broken);
    CHECK(heard.length == 9 && memcmp(heard.output, "out 1\nabc", 9) == 0);
}

TEST("the bytes may come in any two pieces")
{
    for (size_t cut = 0; cut <= strlen(whole); cut++) {
        struct control control = control_begin(true);
        struct heard heard = {};
        hear(&heard, &control, whole, cut);
        hear(&heard, &control, whole + cut, strlen(whole) - cut);
        CHECK(heard.status == 7 && heard.exits == 1 && heard.length == 9 && !heard.broken);
    }
}

TEST("the bytes may come one by one")
{
    struct control control = control_begin(true);
    struct heard heard = {};
    for (size_t i = 0; i < strlen(whole); i++) {
        hear(&heard, &control, whole + i, 1);
    }
    CHECK(heard.status == 7 && heard.exits == 1 && heard.length == 9 && !heard.broken);
}

TEST("an output of 4096 bytes is taken whole")
{
    char text[4'200] = "hello 1\nout 4096\n";
    size_t start = strlen(text);
    memset(text + start, '\n', 4'096);
    struct control control = control_begin(true);
    struct heard heard = {};
    hear(&heard, &control, text, start + 4'096);
    CHECK(heard.length == 4'096 && control.state == CONTROL_LINE && !heard.broken);
}

TEST("the statuses 0 and 255 are taken")
{
    CHECK(converse(true, "hello 1\nexit 0\n").exits == 1);
    CHECK(converse(true, "hello 1\nexit 255\n").status == 255);
}

TEST("what comes after the status is ignored")
{
    struct heard heard = converse(true, "hello 1\nexit 3\nexit 4\nrubbish");
    CHECK(heard.exits == 1 && heard.status == 3 && !heard.broken);
}

TEST("in console mode the channel is silent after the greeting")
{
    struct heard heard =
        converse(false, "hello 1\nexit 4\nrubbish that is longer than a line is\n");
    CHECK(heard.hellos == 1 && heard.exits == 0 && !heard.broken);
}

TEST("anything before the greeting is refused")
{
    CHECK(converse(true, "exit 0\n").broken);
    CHECK(converse(true, "\n").broken);
    CHECK(converse(false, "console\n").broken);
}

TEST("another version is refused")
{
    CHECK(converse(true, "hello 2\n").broken);
    CHECK(converse(true, "hello 1 \n").broken);
}

TEST("a second greeting is refused")
{
    CHECK(converse(true, "hello 1\nhello 1\n").broken);
}

TEST("an unknown line is refused")
{
    CHECK(converse(true, "hello 1\nOUT 3\n").broken);
    CHECK(converse(true, "hello 1\noutput 3\n").broken);
}

TEST("a length that is malformed or too large is refused")
{
    static const char *const lines[] = {
        "out 4097\n",      "out -1\n", "out +1\n", "out 01\n", "out 1x\n",
        "out \n",          "out\n",    "out  1\n", "out 1 \n", "out 99999999999999999999\n",
        "out 4294967296\n"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct control control = control_begin(true);
        struct heard heard = {};
        hear(&heard, &control, "hello 1\n", 8);
        hear(&heard, &control, lines[i], strlen(lines[i]));
        CHECK(heard.broken);
    }
}

TEST("a status above 255 is refused")
{
    CHECK(converse(true, "hello 1\nexit 256\n").broken);
    CHECK(converse(true, "hello 1\nexit -1\n").broken);
}

TEST("a line without an end is refused before it fills memory")
{
    char text[100];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    CHECK(converse(true, text).broken);
}

TEST("a zero byte does not end a line")
{
    struct control control = control_begin(true);
    struct heard heard = {};
    hear(&heard, &control, "hello 1\0\n", 9);
    CHECK(heard.broken);
}

TEST("random bytes harm nothing")
{
    srand(1); // the same bytes each time
    for (int round = 0; round < 2'000; round++) {
        static const char alphabet[] = "hello 1\nout exit 0123456789\n";
        char text[200];
        for (size_t i = 0; i < sizeof text; i++) {
            text[i] = alphabet[(size_t)rand() % strlen(alphabet)];
            if (rand() % 8 == 0) {
                text[i] = (char)(rand() % 128);
            }
        }
        struct control control = control_begin(true);
        struct heard heard = {};
        hear(&heard, &control, "hello 1\n", round % 2 == 0 ? 8 : 0);
        hear(&heard, &control, text, sizeof text);
        CHECK(heard.hellos <= 1);
    }
}
