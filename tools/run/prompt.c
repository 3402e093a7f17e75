// SPDX-License-Identifier: MIT
#include "prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

constexpr size_t LINE_MOST = 32;
constexpr char BACKSPACE = '\b';
constexpr char DELETE = 0x7f;
constexpr char CONTROL_C = 0x03;
constexpr char CONTROL_D = 0x04;

static const char words[][PROMPT_WORD_SIZE] = {
    "acorn",   "amber",   "anchor", "apple",  "apron",   "arrow",   "aspen",   "badger",
    "bamboo",  "barley",  "basket", "beacon", "beaver",  "birch",   "blanket", "bottle",
    "branch",  "bridge",  "butter", "button", "cabin",   "candle",  "canyon",  "carpet",
    "castle",  "cedar",   "cherry", "cliff",  "clover",  "cobalt",  "copper",  "coral",
    "cotton",  "cradle",  "crane",  "daisy",  "desert",  "dolphin", "eagle",   "ember",
    "falcon",  "feather", "fiddle", "forest", "fossil",  "garden",  "garlic",  "glacier",
    "granite", "hammer",  "harbor", "hazel",  "heron",   "honey",   "island",  "ivory",
    "jacket",  "jasmine", "kettle", "ladder", "lantern", "lemon",   "walnut",  "willow",
};
static_assert(256 % (sizeof words / sizeof words[0]) == 0, "each word is as likely as any other");

// What a program may have left the terminal in: an unfinished sequence, the other screen, colours,
// margins, another character set, reports of the mouse and of pasting, a hidden cursor.
static const char calm[] = "\x18\x1b\\\x1b[?1049l\x1b[0m\x1b[r\x1b(B\x0f\x1b[?1000l\x1b[?1002l"
                           "\x1b[?1003l\x1b[?1004l\x1b[?2004l\x1b[?25h\x1b[4l\x1b[999;1H\r\n";

static uint8_t random_byte(void)
{
    uint8_t byte = 0;
    while (getrandom(&byte, sizeof byte, 0) != (ssize_t)sizeof byte) {
    }
    return byte;
}

// 10 to 99, each as likely as any other.
static unsigned random_digits(void)
{
    constexpr unsigned EVEN = 180; // the largest multiple of 90 in a byte
    unsigned byte = random_byte();
    while (byte >= EVEN) {
        byte = random_byte();
    }
    return 10 + byte % 90;
}

static void show(const struct prompt *prompt, const char *text, size_t length)
{
    for (size_t done = 0; done < length;) {
        ssize_t written = write(prompt->terminal, text + done, length - done);
        if (written < 0 && errno != EINTR) {
            return; // nobody is there to see it, and nobody to answer
        }
        done += written > 0 ? (size_t)written : 0;
    }
}

static void show_text(const struct prompt *prompt, const char *text)
{
    show(prompt, text, strlen(text));
}

bool prompt_begin(struct prompt *prompt)
{
    prompt->terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    memcpy(prompt->word, words[random_byte() % (sizeof words / sizeof words[0])], PROMPT_WORD_SIZE);
    return prompt->terminal >= 0;
}

void prompt_greet(const struct prompt *prompt)
{
    char text[96];
    (void)snprintf(text, sizeof text, "KOZO: questions of this run show the word %s.\n",
                   prompt->word);
    show_text(prompt, text);
}

void prompt_end(struct prompt *prompt)
{
    if (prompt->terminal >= 0) {
        (void)close(prompt->terminal);
    }
    prompt->terminal = -1;
}

// --- Input --------------------------------------------------------------------------------------

static int64_t now(void)
{
    struct timespec time = {};
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1'000 + time.tv_nsec / 1'000'000;
}

struct typed {
    char text[LINE_MOST];
    size_t length;
    bool foreign; // something else than plain characters came: no answer
};

enum typed_end : uint8_t {
    TYPED_MORE,
    TYPED_LINE,
    TYPED_GIVEN_UP,
};

static enum typed_end take_byte(const struct prompt *prompt, struct typed *typed, char byte)
{
    if (byte == '\r' || byte == '\n') {
        return TYPED_LINE;
    }
    if (byte == CONTROL_C || byte == CONTROL_D) {
        return TYPED_GIVEN_UP;
    }
    if (byte == BACKSPACE || byte == DELETE) {
        show_text(prompt, typed->length > 0 ? "\b \b" : "");
        typed->length -= typed->length > 0 ? 1 : 0;
        return TYPED_MORE;
    }
    if (byte < ' ' || typed->length == LINE_MOST) {
        typed->foreign = true;
        return TYPED_MORE;
    }
    typed->text[typed->length++] = byte;
    show(prompt, &byte, 1);
    return TYPED_MORE;
}

// Reads a line, up to a time. False when there is none by then, or the person gave up.
static bool read_line(const struct prompt *prompt, struct typed *typed, int64_t deadline,
                      int interrupt)
{
    *typed = (struct typed){};
    while (true) {
        struct pollfd list[] = {{.fd = prompt->terminal, .events = POLLIN},
                                {.fd = interrupt, .events = POLLIN}};
        int64_t left = deadline - now();
        int count = left > 0 ? poll(list, 2, (int)left) : 0;
        if (count < 0 && errno == EINTR) {
            continue;
        }
        char byte = 0;
        if (count <= 0 || list[1].revents != 0 || read(prompt->terminal, &byte, 1) != 1) {
            return false;
        }
        enum typed_end end = take_byte(prompt, typed, byte);
        if (end != TYPED_MORE) {
            return end == TYPED_LINE;
        }
    }
}

// --- Asking -------------------------------------------------------------------------------------

static const char *meaning(enum policy_answer answer)
{
    static const char *const texts[] = {
        [POLICY_ANSWER_NO] = "no",
        [POLICY_ANSWER_ONCE] = "allowed, only now",
        [POLICY_ANSWER_HOUR] = "allowed for one hour",
        [POLICY_ANSWER_CLOSE] = "allowed until it closes",
        [POLICY_ANSWER_ALWAYS] = "allowed, always",
        [POLICY_ANSWER_NEVER] = "no, and it won't be asked again",
    };
    return texts[answer <= POLICY_ANSWER_NEVER ? answer : POLICY_ANSWER_NO];
}

static enum policy_answer ask(const struct prompt *prompt, const char *program, const char *reason,
                              const struct policy_permission *permission, int silence,
                              int interrupt)
{
    int64_t deadline = now() + silence;
    for (unsigned i = 0; i < PROMPT_TRIES; i++) {
        char buffer[POLICY_QUESTION_SIZE];
        struct typed typed;
        struct policy_text text = policy_text(buffer, sizeof buffer);
        struct policy_question question = {.word = prompt->word,
                                           .digits = random_digits(),
                                           .program = program,
                                           .reason = reason,
                                           .permission = permission};
        policy_ask(&text, &question);
        show(prompt, calm, sizeof calm - 1);
        // What was typed before the question was there as a whole is no answer to it.
        const char *last = strrchr(buffer, '\n');
        size_t before = last != nullptr ? (size_t)(last + 1 - buffer) : 0;
        show(prompt, buffer, before);
        (void)tcflush(prompt->terminal, TCIFLUSH);
        show(prompt, buffer + before, text.length - before);
        if (!read_line(prompt, &typed, deadline, interrupt)) {
            return POLICY_ANSWER_NO;
        }
        struct policy_replied replied = policy_reply(typed.text, typed.length, question.digits);
        if (!typed.foreign && replied.reply == POLICY_REPLY_ANSWER) {
            return replied.answer;
        }
        show_text(prompt, "\n  That is no answer to this question.");
    }
    return POLICY_ANSWER_NO;
}

enum policy_answer prompt_ask(const struct prompt *prompt, const char *program, const char *reason,
                              const struct policy_permission *permission, int silence,
                              int interrupt)
{
    struct termios before;
    if (tcgetattr(prompt->terminal, &before) != 0) {
        return POLICY_ANSWER_NO;
    }
    struct termios mode = before;
    mode.c_iflag |= ICRNL;
    mode.c_oflag |= OPOST | ONLCR;
    mode.c_lflag &= (tcflag_t) ~(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    mode.c_cc[VMIN] = 1;
    mode.c_cc[VTIME] = 0;
    if (tcsetattr(prompt->terminal, TCSAFLUSH, &mode) != 0) {
        return POLICY_ANSWER_NO;
    }
    enum policy_answer answer = ask(prompt, program, reason, permission, silence, interrupt);
    char text[96];
    (void)snprintf(text, sizeof text, "\n  %s\n", meaning(answer));
    show_text(prompt, text);
    (void)tcsetattr(prompt->terminal, TCSAFLUSH, &before);
    return answer;
}
