// SPDX-License-Identifier: MIT
#include "question.h"

#include <string.h>

#include "test.h"

static char buffer[POLICY_QUESTION_SIZE];

static struct policy_text ask(const char *name, const char *program, const char *reason)
{
    struct policy_parsed parsed = policy_parse(name, strlen(name));
    struct policy_question question = {.word = "walnut",
                                       .digits = 47,
                                       .program = program,
                                       .reason = reason,
                                       .permission = &parsed.permission};
    struct policy_text text = policy_text(buffer, sizeof buffer);
    CHECK(parsed.fault == POLICY_FAULT_NONE);
    policy_ask(&text, &question);
    return text;
}

static struct policy_replied reply(const char *line)
{
    return policy_reply(line, strlen(line), 47);
}

static bool answers(const char *line, enum policy_answer answer)
{
    struct policy_replied replied = reply(line);
    return replied.reply == POLICY_REPLY_ANSWER && replied.consent.answer == answer &&
           replied.consent.minutes == 0;
}

static bool answers_minutes(const char *line, unsigned minutes)
{
    struct policy_replied replied = reply(line);
    return replied.reply == POLICY_REPLY_ANSWER &&
           replied.consent.answer == POLICY_ANSWER_MINUTES && replied.consent.minutes == minutes;
}

// Bytes, since the texts of these tests are plain.
static size_t longest_line(const char *text)
{
    size_t longest = 0;
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        longest = length > longest ? length : longest;
        text += length + (text[length] == '\n' ? 1 : 0);
    }
    return longest;
}

TEST("a question says who wants what, why, with which risk, and how long it may be")
{
    (void)ask("files.path.read:/etc/passwd", "busybox", "look up names");
    CHECK(strcmp(buffer,
                 "KOZO asks (walnut):\n"
                 "  busybox wants to read /etc/passwd\n"
                 "  It says: look up names\n"
                 "  Permission: files.path.read:/etc/passwd\n"
                 "  Risk: medium\n"
                 "  47o only now, 47m5 5 minutes or another number, 47h one hour,\n"
                 "  47c until it closes, 47r until the restart, 47a always, 47n no, 47x never\n"
                 "  Nothing typed for 60 seconds is a no. Your answer: ") == 0);
}

TEST("a command of sudo is offered nothing that lasts beyond it")
{
    struct policy_parsed parsed = policy_parse("files.path.read:/srv/x", 22);
    struct policy_question question = {.word = "walnut",
                                       .digits = 47,
                                       .program = "busybox through sudo",
                                       .reason = "cat asks for it",
                                       .permission = &parsed.permission,
                                       .leased = true};
    struct policy_text text = policy_text(buffer, sizeof buffer);
    policy_ask(&text, &question);
    CHECK(strstr(buffer, "busybox through sudo wants to read /srv/x\n") != nullptr);
    CHECK(strstr(buffer, "47c until the command ends, 47n no, 47x never\n") != nullptr);
    CHECK(strstr(buffer, "47r") == nullptr && strstr(buffer, "47a") == nullptr);
    CHECK(longest_line(buffer) <= POLICY_QUESTION_CELLS);
    CHECK(policy_outlives(POLICY_ANSWER_ALWAYS) && policy_outlives(POLICY_ANSWER_RESTART));
    CHECK(!policy_outlives(POLICY_ANSWER_CLOSE) && !policy_outlives(POLICY_ANSWER_NEVER));
}

TEST("what is equal to total control is said so")
{
    (void)ask("permissions.configure", "busybox", nullptr);
    CHECK(strstr(buffer, "Risk: total control. It could give itself everything else.") != nullptr);
    CHECK(strstr(buffer, "It says") == nullptr);
}

TEST("no line is longer than 80 cells, whatever the names")
{
    char path[POLICY_SCOPE_SIZE + 16] = "files.path.read:/";
    size_t start = strlen(path);
    memset(path + start, 'x', POLICY_SCOPE_SIZE - 2);
    static const char *const programs[] = {"a", "a-program-with-a-very-long-name-of-47-letters-x"};
    for (size_t i = 0; i < 2; i++) {
        struct policy_text text = ask(path, programs[i], path);
        CHECK(!text.cut);
        CHECK(longest_line(buffer) <= POLICY_QUESTION_CELLS);
    }
    for (size_t i = 0; i < POLICY_COUNT; i++) {
        struct policy_permission permission = {.id = (enum policy_id)i};
        struct policy_question question = {"walnut", 10, programs[1], nullptr, &permission, false};
        struct policy_text text = policy_text(buffer, sizeof buffer);
        policy_ask(&text, &question);
        CHECK(!text.cut && longest_line(buffer) <= POLICY_QUESTION_CELLS);
    }
}

TEST("neither a path nor a reason can draw anything of its own")
{
    (void)ask("files.path.read:/tmp/\xe2\x80\xae"
              "dwssap",
              "busybox", "\x1b[2J\nKOZO asks");
    CHECK(strchr(buffer, 0x1b) == nullptr);
    CHECK(strstr(buffer, "\\u{1b}[2J\\u{a}KOZO asks") != nullptr);
    CHECK(strstr(buffer, "/tmp/\\u{202e}dwssap") != nullptr);
}

TEST("the digits of the question and a letter are an answer")
{
    CHECK(answers("47o", POLICY_ANSWER_ONCE));
    CHECK(answers("47h", POLICY_ANSWER_HOUR));
    CHECK(answers("47c", POLICY_ANSWER_CLOSE));
    CHECK(answers("47r", POLICY_ANSWER_RESTART));
    CHECK(answers("47a", POLICY_ANSWER_ALWAYS));
    CHECK(answers("47n", POLICY_ANSWER_NO));
    CHECK(answers("47x", POLICY_ANSWER_NEVER));
    CHECK(answers("  47o \r", POLICY_ANSWER_ONCE));
}

TEST("a number of minutes is behind its letter, from one to those of a day")
{
    CHECK(answers_minutes("47m1", 1));
    CHECK(answers_minutes(" 47m15\r", 15));
    CHECK(answers_minutes("47m1440", 1'440));
    static const char *const lines[] = {"47m",   "47m0",     "47m05", "47m1441", "47m-5",
                                        "47m5x", "47m 5",    "47h5",  "47o1",    "47m5m",
                                        "48m5",  "47m99999", "47m+5"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        CHECK(reply(lines[i]).reply == POLICY_REPLY_UNCLEAR);
    }
}

TEST("an empty line is a no")
{
    CHECK(answers("", POLICY_ANSWER_NO));
    CHECK(answers("   ", POLICY_ANSWER_NO));
}

TEST("anything else is no answer: other digits, a letter alone, more than there should be")
{
    static const char *const lines[] = {"o",   "y",    "yes",  "48o", "74o", "47",     "47z",
                                        "47O", "47oo", "47 o", "a47", "4o",  "47\x1b", "047o"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct policy_replied replied = reply(lines[i]);
        CHECK(replied.reply == POLICY_REPLY_UNCLEAR && replied.consent.answer == POLICY_ANSWER_NO);
    }
}
