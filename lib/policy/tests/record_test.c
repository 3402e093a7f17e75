// SPDX-License-Identifier: MIT
#include "record.h"

#include <string.h>

#include "test.h"

static char buffer[16'384];
static struct policy_text text;
static struct policy_chain chain;
static struct policy_permission permission;

static void add(enum policy_event event, const char *name)
{
    permission = policy_parse(name, strlen(name)).permission;
    struct policy_record record = {.event = event,
                                   .time = 1'764'452'385,
                                   .program = "busybox",
                                   .instance = 12,
                                   .permission = &permission,
                                   .because = "nobody"};
    CHECK(policy_record_add(&text, &chain, &record));
}

static void begin(void)
{
    text = policy_text(buffer, sizeof buffer);
    chain = (struct policy_chain){};
    add(POLICY_EVENT_ASK, "files.path.read:/etc/passwd");
    add(POLICY_EVENT_REFUSE, "files.path.read:/etc/passwd");
    add(POLICY_EVENT_USE, "files.system.read");
    add(POLICY_EVENT_REVOKE, "camera.use");
}

static struct policy_verification verify(size_t size)
{
    return policy_record_verify(buffer, size, nullptr, nullptr);
}

static const char *line_at(size_t number)
{
    const char *line = buffer;
    for (size_t i = 1; i < number; i++) {
        line = strchr(line, '\n') + 1;
    }
    return line;
}

TEST("each event is one line of JSON, and names who, what, and why")
{
    begin();
    static const char first[] =
        "{\"v\":1,\"n\":1,\"time\":1764452385,\"event\":\"ask\",\"program\":\"busybox\","
        "\"instance\":12,\"permission\":\"files.path.read\",\"scope\":\"/etc/passwd\","
        "\"because\":\"nobody\",\"chain\":\"";
    CHECK(strncmp(buffer, first, sizeof first - 1) == 0);
    CHECK(strncmp(line_at(3), "{\"v\":1,\"n\":3,", 13) == 0);
    CHECK(buffer[text.length - 1] == '\n');
}

TEST("a name that holds quotation marks or control characters is still one line")
{
    text = policy_text(buffer, sizeof buffer);
    chain = (struct policy_chain){};
    struct policy_record record = {.event = POLICY_EVENT_START, .program = "a\"\n\\b\xff"};
    CHECK(policy_record_add(&text, &chain, &record));
    CHECK(strstr(buffer, "\"program\":\"a\\\"\\u000a\\\\b\\udcff\"") != nullptr);
    CHECK(strchr(buffer, '\n') == buffer + text.length - 1);
    CHECK(verify(text.length).result == POLICY_RECORD_WHOLE);
}

TEST("a record that was left alone is whole, with or without a known end")
{
    begin();
    CHECK(verify(text.length).result == POLICY_RECORD_WHOLE);
    CHECK(policy_record_verify(buffer, text.length, nullptr, &chain).result == POLICY_RECORD_WHOLE);
    CHECK(verify(text.length).chain.count == 4);
    CHECK(verify(0).result == POLICY_RECORD_WHOLE);
}

TEST("a byte that was changed anywhere is noticed in its line")
{
    begin();
    uint64_t line = 1;
    for (size_t i = 0; i < text.length; i++) {
        buffer[i] ^= 1;
        struct policy_verification found = verify(text.length);
        buffer[i] ^= 1;
        CHECK(found.result != POLICY_RECORD_WHOLE);
        CHECK(found.line == line);
        line += buffer[i] == '\n' ? 1 : 0;
    }
}

TEST("a record that was cut at any byte is noticed by who knows its end")
{
    begin();
    for (size_t cut = 0; cut < text.length; cut++) {
        CHECK(policy_record_verify(buffer, cut, nullptr, &chain).result == POLICY_RECORD_CUT);
    }
}

TEST("a record that was cut inside of a line is noticed by everybody")
{
    begin();
    for (size_t cut = 1; cut < text.length; cut++) {
        bool between = buffer[cut - 1] == '\n';
        CHECK(verify(cut).result == (between ? POLICY_RECORD_WHOLE : POLICY_RECORD_CUT));
    }
}

TEST("lines that were taken out are a gap, and it is told where")
{
    begin();
    char *second = (char *)line_at(2);
    const char *third = line_at(3);
    size_t left = text.length - (size_t)(third - buffer);
    memmove(second, third, left);
    struct policy_verification found = verify((size_t)(second - buffer) + left);
    CHECK(found.result == POLICY_RECORD_GAP && found.line == 2);
}

TEST("a line that is there twice, and lines that changed places, are noticed")
{
    begin();
    size_t length = (size_t)(line_at(2) - buffer);
    memcpy(buffer + text.length, buffer, length);
    CHECK(verify(text.length + length).result == POLICY_RECORD_CHANGED);
}

TEST("a record that was written anew from a line on is noticed by who knows its end")
{
    begin();
    struct policy_chain end = chain;
    text = policy_text(buffer, sizeof buffer);
    chain = (struct policy_chain){};
    for (size_t i = 0; i < 4; i++) {
        add(POLICY_EVENT_USE, "files.system.read");
    }
    CHECK(verify(text.length).result == POLICY_RECORD_WHOLE);
    CHECK(policy_record_verify(buffer, text.length, nullptr, &end).result == POLICY_RECORD_CUT);
}

TEST("a record whose first lines are not kept is verified from where the chain stood")
{
    begin();
    size_t length = (size_t)(line_at(3) - buffer);
    struct policy_chain start = policy_record_verify(buffer, length, nullptr, nullptr).chain;
    struct policy_verification found =
        policy_record_verify(buffer + length, text.length - length, &start, &chain);
    CHECK(found.result == POLICY_RECORD_WHOLE && found.chain.count == 4);
    CHECK(policy_record_verify(buffer + length, text.length - length, nullptr, &chain).result ==
          POLICY_RECORD_GAP);
}

TEST("a line that does not fit is not written, and the record stays whole")
{
    static char small[300];
    text = policy_text(small, sizeof small);
    chain = (struct policy_chain){};
    struct policy_record record = {.event = POLICY_EVENT_START, .time = 1};
    CHECK(policy_record_add(&text, &chain, &record));
    CHECK(policy_record_add(&text, &chain, &record));
    size_t length = text.length;
    CHECK(!policy_record_add(&text, &chain, &record));
    CHECK(text.length == length && chain.count == 2 && !text.cut);
    CHECK(policy_record_verify(small, text.length, nullptr, &chain).result == POLICY_RECORD_WHOLE);
}

TEST("what was found is said in one sentence")
{
    static char told[128];
    begin();
    struct policy_verification found = verify(text.length);
    struct policy_text to = policy_text(told, sizeof told);
    policy_add_verification(&to, &found);
    CHECK(strcmp(told, "4 lines, the record is whole\n") == 0);
    buffer[3] ^= 1;
    found = verify(text.length);
    to = policy_text(told, sizeof told);
    policy_add_verification(&to, &found);
    CHECK(strcmp(told, "line 1 was changed\n") == 0);
}
