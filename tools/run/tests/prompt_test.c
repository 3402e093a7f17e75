// SPDX-License-Identifier: MIT
// Questions on a pseudo-terminal: the test is the person, a child process asks.
#include "../prompt.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

constexpr int LONG = 30'000; // milliseconds, never waited for
constexpr int SHORT = 150;
constexpr int MINUTES = 100; // and how many: what the child ends with

static struct person {
    int master;
    pid_t child;
    char seen[16'384];
    size_t length;
    size_t mark; // what was seen before does not count
} person;

static void sit_down(int silence)
{
    struct prompt prompt;
    static const char name[] = "files.path.read:/etc/passwd";
    struct policy_parsed parsed = policy_parse(name, sizeof name - 1);
    if (!prompt_begin(&prompt)) {
        _exit(99);
    }
    prompt_greet(&prompt);
    // What a hostile program may have left.
    static const char left[] = "\x1b[?1049h\x1b]0;unfinished";
    (void)!write(prompt.terminal, left, sizeof left - 1);
    struct policy_consent consent =
        prompt_ask(&prompt, "busybox", "look up names", &parsed.permission, silence, -1);
    prompt_close(&prompt, consent, nullptr);
    struct termios mode;
    bool restored = tcgetattr(prompt.terminal, &mode) == 0 && (mode.c_lflag & ICANON) != 0;
    prompt_end(&prompt);
    _exit(!restored             ? 98
          : consent.minutes > 0 ? MINUTES + (int)consent.minutes
                                : (int)consent.answer);
}

// Starts a child that asks on a terminal of its own.
static void begin(int silence)
{
    person = (struct person){.master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
    REQUIRE(person.master >= 0 && grantpt(person.master) == 0 && unlockpt(person.master) == 0);
    person.child = fork();
    if (person.child == 0) {
        (void)setsid();
        int slave = open(ptsname(person.master), O_RDWR);
        (void)close(person.master);
        if (slave < 0 || ioctl(slave, TIOCSCTTY, 0) != 0) {
            _exit(97);
        }
        sit_down(silence);
    }
}

// Reads until a text came; what lies before its end does not count any more.
static bool wait_for(const char *text)
{
    while (true) {
        const char *found = strstr(person.seen + person.mark, text);
        if (found != nullptr) {
            person.mark = (size_t)(found - person.seen) + strlen(text);
            return true;
        }
        struct pollfd list = {.fd = person.master, .events = POLLIN};
        size_t room = sizeof person.seen - 1 - person.length;
        ssize_t count =
            poll(&list, 1, 10'000) > 0 ? read(person.master, person.seen + person.length, room) : 0;
        if (count <= 0) {
            return false;
        }
        person.length += (size_t)count;
    }
}

static void type(const char *text)
{
    CHECK(write(person.master, text, strlen(text)) == (ssize_t)strlen(text));
}

// Waits for the question; gives its two digits.
static unsigned digits(void)
{
    CHECK(wait_for("KOZO asks ("));
    CHECK(wait_for("Risk: medium\r\n  "));
    size_t at = person.mark;
    CHECK(wait_for("Your answer: "));
    return (unsigned)((person.seen[at] - '0') * 10 + (person.seen[at + 1] - '0'));
}

static void type_answer(unsigned number, const char *rest)
{
    const char text[] = {(char)('0' + number / 10), (char)('0' + number % 10), '\0'};
    type(text);
    type(rest);
}

static int end(void)
{
    int status = 0;
    (void)waitpid(person.child, &status, 0);
    (void)close(person.master);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST("each answer is taken, by the digits of the question and its letter")
{
    static const struct {
        const char *letter;
        enum policy_answer answer;
    } answers[] = {{"o\r", POLICY_ANSWER_ONCE},    {"h\r", POLICY_ANSWER_HOUR},
                   {"c\r", POLICY_ANSWER_CLOSE},   {"a\n", POLICY_ANSWER_ALWAYS},
                   {"r\r", POLICY_ANSWER_RESTART}, {"n\r", POLICY_ANSWER_NO},
                   {"x\r", POLICY_ANSWER_NEVER}};
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        begin(LONG);
        type_answer(digits(), answers[i].letter);
        CHECK(end() == (int)answers[i].answer);
    }
}

TEST("an answer for some minutes is taken, and said back")
{
    static const struct {
        const char *typed;
        const char *told;
        int minutes;
    } answers[] = {{"m15\r", "allowed for 15 minutes\r\n", 15},
                   {"m1\r", "allowed for 1 minute\r\n", 1}};
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        begin(LONG);
        type_answer(digits(), answers[i].typed);
        CHECK(wait_for(answers[i].told));
        CHECK(end() == MINUTES + answers[i].minutes);
    }
}

TEST("the question shows the word that was shown at the start, and says who wants what and why")
{
    begin(LONG);
    CHECK(wait_for("show the word "));
    char word[PROMPT_WORD_SIZE] = {};
    size_t at = person.mark;
    CHECK(wait_for("."));
    memcpy(word, person.seen + at, strcspn(person.seen + at, "."));
    CHECK(wait_for("KOZO asks ("));
    CHECK(strncmp(person.seen + person.mark, word, strlen(word)) == 0);
    CHECK(wait_for("busybox wants to read /etc/passwd"));
    CHECK(wait_for("It says: look up names"));
    CHECK(wait_for("Your answer: ")); // what is typed earlier is thrown away
    type("\r");
    CHECK(end() == (int)POLICY_ANSWER_NO);
}

TEST("before it draws, the question ends what a program left the terminal in")
{
    begin(LONG);
    CHECK(wait_for("unfinished"));
    CHECK(wait_for("\x18\x1b\\"));
    CHECK(wait_for("\x1b[?1049l"));
    CHECK(wait_for("\x1b[?2004l"));
    (void)digits();
    type("\r");
    CHECK(end() == (int)POLICY_ANSWER_NO);
}

TEST("silence is a no")
{
    begin(SHORT);
    (void)digits();
    CHECK(wait_for("no\r\n"));
    CHECK(end() == (int)POLICY_ANSWER_NO);
}

TEST("a line that was begun and not ended is silence too")
{
    begin(SHORT);
    type_answer(digits(), "a");
    CHECK(end() == (int)POLICY_ANSWER_NO);
}

TEST("Ctrl-C, Ctrl-D and an empty line are a no")
{
    static const char *const keys[] = {"\x03", "\x04", "\r"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        begin(LONG);
        (void)digits();
        type(keys[i]);
        CHECK(end() == (int)POLICY_ANSWER_NO);
    }
}

TEST("what was typed before the question is thrown away, whatever it was")
{
    char all[90 * 4 + 1];
    for (unsigned i = 0; i < 90; i++) {
        all[4 * i] = (char)('0' + (i + 10) / 10);
        all[4 * i + 1] = (char)('0' + (i + 10) % 10);
        all[4 * i + 2] = 'a';
        all[4 * i + 3] = '\n';
    }
    all[sizeof all - 1] = '\0';
    begin(SHORT);
    type(all);
    (void)digits();
    CHECK(end() == (int)POLICY_ANSWER_NO);
}

TEST("wrong digits are no answer: the question comes again with others, and after three it is a no")
{
    begin(LONG);
    for (unsigned i = 0; i < PROMPT_TRIES; i++) {
        unsigned shown = digits();
        type_answer(shown == 99 ? 10 : shown + 1, "a\r");
        CHECK(wait_for("That is no answer to this question."));
    }
    CHECK(end() == (int)POLICY_ANSWER_NO);
}

TEST("after an unclear line the next question can be answered")
{
    begin(LONG);
    (void)digits();
    type("yes\r");
    type_answer(digits(), "o\r");
    CHECK(end() == (int)POLICY_ANSWER_ONCE);
}

TEST("what a terminal reports by itself is no answer, even with the right digits in it")
{
    begin(LONG);
    unsigned shown = digits();
    type("\x1b]l");
    type_answer(shown, "a\r");
    CHECK(wait_for("That is no answer to this question."));
    (void)digits();
    type("\x03");
    CHECK(end() == (int)POLICY_ANSWER_NO);
}

TEST("a line can be corrected")
{
    begin(LONG);
    type_answer(digits(), "a\x7fo\r");
    CHECK(end() == (int)POLICY_ANSWER_ONCE);
}

TEST("a terminal that goes away is a no")
{
    begin(LONG);
    (void)digits();
    (void)close(person.master);
    int status = 0;
    (void)waitpid(person.child, &status, 0);
    CHECK((WIFEXITED(status) && WEXITSTATUS(status) != (int)POLICY_ANSWER_ALWAYS) ||
          (WIFSIGNALED(status) && WTERMSIG(status) == SIGHUP));
}
