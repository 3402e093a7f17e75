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
    prompt->shown = false;
    prompt->leased = false;
    prompt->picker = nullptr;
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

enum typed_end : uint8_t {
    TYPED_MORE,
    TYPED_LINE,
    TYPED_GIVEN_UP,
};

static enum typed_end take_byte(struct prompt *prompt, char byte)
{
    struct prompt_typed *typed = &prompt->typed;
    size_t most = prompt->picker != nullptr ? PROMPT_PATH : PROMPT_LINE;
    bool plain = byte >= ' ' || (prompt->picker != nullptr && byte < 0); // names may be in UTF-8
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
    if (!plain || typed->length == most) {
        typed->foreign = true;
        return TYPED_MORE;
    }
    typed->text[typed->length++] = byte;
    show(prompt, &byte, 1);
    return TYPED_MORE;
}

// --- Asking -------------------------------------------------------------------------------------

// How an answer is understood.
static void add_meaning(struct policy_text *text, struct policy_consent consent, bool leased)
{
    static const char *const texts[] = {
        [POLICY_ANSWER_NO] = "no",
        [POLICY_ANSWER_ONCE] = "allowed, only now",
        [POLICY_ANSWER_HOUR] = "allowed for one hour",
        [POLICY_ANSWER_CLOSE] = "allowed until it closes",
        [POLICY_ANSWER_ALWAYS] = "allowed, always",
        [POLICY_ANSWER_NEVER] = "no, and it won't be asked again",
        [POLICY_ANSWER_RESTART] = "allowed until the restart",
    };
    if (consent.answer == POLICY_ANSWER_MINUTES) {
        policy_add(text, "allowed for %u minute%s", consent.minutes,
                   consent.minutes == 1 ? "" : "s");
        return;
    }
    if (leased && consent.answer == POLICY_ANSWER_CLOSE) {
        policy_add(text, "allowed %s", POLICY_UNTIL_COMMAND);
        return;
    }
    policy_add(text, "%s",
               texts[consent.answer <= POLICY_ANSWER_RESTART ? consent.answer : POLICY_ANSWER_NO]);
}

// Draws the question, with digits of its own.
static void draw(struct prompt *prompt)
{
    char buffer[8 * POLICY_QUESTION_SIZE];
    struct policy_text text = policy_text(buffer, sizeof buffer);
    prompt->digits = random_digits();
    prompt->typed = (struct prompt_typed){};
    struct policy_question question = {.word = prompt->word,
                                       .digits = prompt->digits,
                                       .program = prompt->program,
                                       .reason = prompt->reason,
                                       .permission = &prompt->permission,
                                       .leased = prompt->leased};
    if (prompt->picker != nullptr) {
        policy_ask_what(&text, &question);
        picker_draw(prompt->picker, &text, prompt->digits);
    } else {
        policy_ask(&text, &question);
    }
    show(prompt, calm, sizeof calm - 1);
    // What was typed before the question was there as a whole is no answer to it.
    const char *last = strrchr(buffer, '\n');
    size_t before = last != nullptr ? (size_t)(last + 1 - buffer) : 0;
    show(prompt, buffer, before);
    (void)tcflush(prompt->terminal, TCIFLUSH);
    show(prompt, buffer + before, text.length - before);
}

bool prompt_show(struct prompt *prompt, const char *program, const char *reason,
                 const struct policy_permission *permission)
{
    if (tcgetattr(prompt->terminal, &prompt->before) != 0) {
        return false;
    }
    struct termios mode = prompt->before;
    mode.c_iflag |= ICRNL;
    mode.c_oflag |= OPOST | ONLCR;
    mode.c_lflag &= (tcflag_t) ~(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    mode.c_cc[VMIN] = 1;
    mode.c_cc[VTIME] = 0;
    if (tcsetattr(prompt->terminal, TCSAFLUSH, &mode) != 0) {
        return false;
    }
    prompt->shown = true;
    prompt->program = program;
    prompt->reason = reason;
    prompt->permission = *permission;
    prompt->tries = 0;
    draw(prompt);
    return true;
}

// A line was typed for a picker. True when that ends it: the file is in the picker, or none.
static bool take_choice(struct prompt *prompt)
{
    const struct prompt_typed *typed = &prompt->typed;
    enum picker_turn turn = PICKER_UNCLEAR;
    if (!typed->foreign) {
        turn = picker_take(prompt->picker, typed->text, typed->length, prompt->digits);
    }
    if (turn == PICKER_UNCLEAR && ++prompt->tries == PROMPT_TRIES) {
        return true;
    }
    if (turn == PICKER_UNCLEAR || turn == PICKER_ELSEWHERE) {
        draw(prompt);
        return false;
    }
    return true;
}

// A line was typed. True when that answers the question.
static bool take_line(struct prompt *prompt)
{
    const struct prompt_typed *typed = &prompt->typed;
    struct policy_replied replied = policy_reply(typed->text, typed->length, prompt->digits);
    prompt->consent = (struct policy_consent){};
    bool offered = !prompt->leased || !policy_outlives(replied.consent.answer);
    if (!typed->foreign && offered && replied.reply == POLICY_REPLY_ANSWER) {
        prompt->consent = replied.consent;
        return true;
    }
    show_text(prompt, "\n  That is no answer to this question.");
    if (++prompt->tries < PROMPT_TRIES) {
        draw(prompt);
        return false;
    }
    return true;
}

bool prompt_take(struct prompt *prompt)
{
    char byte = 0;
    prompt->consent = (struct policy_consent){};
    if (read(prompt->terminal, &byte, 1) != 1) {
        return true;
    }
    enum typed_end end = take_byte(prompt, byte);
    bool (*take)(struct prompt *prompt) = prompt->picker != nullptr ? take_choice : take_line;
    return end == TYPED_GIVEN_UP || (end == TYPED_LINE && take(prompt));
}

void prompt_close(struct prompt *prompt, struct policy_consent consent, const char *instead)
{
    char buffer[96];
    struct policy_text text = policy_text(buffer, sizeof buffer);
    policy_add(&text, "\n  ");
    if (instead != nullptr) {
        policy_add(&text, "%s", instead);
    } else {
        add_meaning(&text, consent, prompt->leased);
    }
    policy_add(&text, "\n");
    show(prompt, buffer, text.length);
    (void)tcsetattr(prompt->terminal, TCSAFLUSH, &prompt->before);
    prompt->shown = false;
}

static int64_t now(void)
{
    struct timespec time = {};
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1'000 + time.tv_nsec / 1'000'000;
}

// Waits until something was typed, up to a time. False: nothing was, or something came at `interrupt`.
static bool wait_for_key(const struct prompt *prompt, int64_t deadline, int interrupt)
{
    struct pollfd list[] = {{.fd = prompt->terminal, .events = POLLIN},
                            {.fd = interrupt, .events = POLLIN}};
    int count = -1;
    do {
        int64_t left = deadline - now();
        count = left > 0 ? poll(list, 2, (int)left) : 0;
    } while (count < 0 && errno == EINTR);
    return count > 0 && list[1].revents == 0;
}

struct policy_consent prompt_ask(struct prompt *prompt, const char *program, const char *reason,
                                 const struct policy_permission *permission, int silence,
                                 int interrupt)
{
    int64_t deadline = now() + silence;
    if (!prompt_show(prompt, program, reason, permission)) {
        return (struct policy_consent){};
    }
    struct policy_consent consent = {};
    while (wait_for_key(prompt, deadline, interrupt)) {
        if (prompt_take(prompt)) {
            consent = prompt->consent;
            break;
        }
    }
    return consent;
}
