// SPDX-License-Identifier: MIT
//
// Tests of what kozo/protocol.h does with messages: texts of every length there and back, and
// messages that a hostile peer could send. Runs on the host; no system call is made.
#include <kozo/protocol.h>

#include <stdio.h>
#include <string.h>

static struct kozo_ipc_buffer buffer;
static int count;
static int failed;

struct kozo_ipc_buffer *kozo_ipc_buffer(void)
{
    return &buffer;
}

static void check(bool fine, const char *sentence)
{
    count++;
    failed += !fine;
    printf("%sok %d - %s\n", fine ? "" : "not ", count, sentence);
}

// A request with a text, as a client builds it.
static struct kozo_message with_text(uint64_t index, const char *text, uint64_t length)
{
    struct kozo_message message = {};
    memset(&buffer, 0xaa, sizeof buffer);
    if (!kozo_message_put_text(&message, index, text, length)) {
        message.info.length = 0;
    }
    return message;
}

static bool every_length_survives(void)
{
    char text[KOZO_CONSOLE_WRITE_TEXT_MAX];
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (char)(i * 7 + 128);
    }
    for (uint64_t length = 0; length <= sizeof text; length++) {
        struct kozo_message message = with_text(0, text, length);
        struct kozo_console_write_arguments got = kozo_console_write_arguments(&message);
        if (got.error != KOZO_OK || got.text_length != length ||
            memcmp(got.text, text, length) != 0 || got.text[length] != '\0' ||
            message.info.length != 1 + (length + 7) / 8) {
            printf("# length %llu\n", (unsigned long long)length);
            return false;
        }
    }
    return true;
}

static bool answers_survive(void)
{
    char text[KOZO_NAMESPACE_LIST_NAME_MAX];
    memset(text, 'x', sizeof text);
    struct kozo_message message = kozo_namespace_list_answer(KOZO_SERVICE_UP, 7, text, sizeof text);
    char got[KOZO_NAMESPACE_LIST_NAME_MAX + 1];
    struct kozo_text read = kozo_message_get_text(&message, 2, got);
    return message.info.label == KOZO_OK && message.info.length == 64 &&
           message.word[0] == KOZO_SERVICE_UP && read.valid && read.length == sizeof text &&
           memcmp(got, text, sizeof text) == 0;
}

static bool too_long_is_refused(void)
{
    static const char text[KOZO_CONSOLE_WRITE_TEXT_MAX + 1];
    struct kozo_message message = {};
    return !kozo_message_put_text(&message, 0, text, sizeof text) &&
           !kozo_message_put_text(&message, 0, text, UINT64_MAX) &&
           !kozo_message_put_text(&message, 7, text, 0) && message.info.length == 0 &&
           kozo_namespace_list_answer(0, 0, text, sizeof text).info.label == KOZO_BAD_ARGUMENT;
}

static bool hostile_lengths_are_refused(void)
{
    static const uint64_t LENGTHS[] = {9, 505, 1ull << 32, 1ull << 63, UINT64_MAX};
    for (size_t i = 0; i < sizeof LENGTHS / sizeof LENGTHS[0]; i++) {
        struct kozo_message message = {.info = {.length = 2}, .word = {LENGTHS[i]}};
        if (kozo_console_write_arguments(&message).error != KOZO_BAD_ARGUMENT) {
            return false;
        }
    }
    struct kozo_message empty = {};
    struct kozo_message over = {.info = {.length = 255}, .word = {2000}};
    return kozo_console_write_arguments(&empty).error == KOZO_BAD_ARGUMENT &&
           kozo_console_write_arguments(&over).error == KOZO_BAD_ARGUMENT;
}

static bool answers_are_judged(void)
{
    struct kozo_received good = {.message = {.info = {.length = 2}}};
    struct kozo_received refused = {.message = {.info = {.label = KOZO_BAD_STATE}}};
    struct kozo_received strange = {.message = {.info = {.label = KOZO_ERROR_LAST + 1}}};
    struct kozo_received dropped = {.error = KOZO_CANCELLED};
    return kozo_answer_error(&good, 2) == KOZO_OK && kozo_answer_error(&good, 3) == KOZO_NO_REPLY &&
           kozo_answer_error(&refused, 2) == KOZO_BAD_STATE &&
           kozo_answer_error(&strange, 0) == KOZO_NO_REPLY &&
           kozo_answer_error(&dropped, 0) == KOZO_CANCELLED;
}

static uint64_t begun;

// The session of the tests: notes what is begun.
uint64_t kozo_session_begin(struct kozo_session *session, const struct kozo_message *message)
{
    (void)session;
    begun = message->info.length;
    return 9;
}

static bool waiting_has_two_halves(void)
{
    struct kozo_received pending = {
        .message = {.info = {.length = 1, .label = KOZO_PENDING}, .word = {5}}};
    struct kozo_received done = {.message = {.info = {.length = 1}, .word = {5}}};
    static const char prompt[41];
    bool told = kozo_answer_pending(&pending) == 5 && kozo_answer_pending(&done) == 0;
    bool fits = kozo_console_read_line_begin(nullptr, prompt, 40) == 9 && begun == 6;
    return told && fits && kozo_console_read_line_begin(nullptr, prompt, 41) == 0;
}

static bool completions_are_judged(void)
{
    struct kozo_entry good = {.length = 2, .word = {KOZO_LINE_CLOSED, 3}};
    struct kozo_entry short_one = {.length = 1};
    struct kozo_entry refused = {.label = KOZO_CANCELLED};
    struct kozo_entry strange = {.label = KOZO_PENDING, .length = 2};
    struct kozo_console_read_line_result line = kozo_console_read_line_end(&good);
    return line.error == KOZO_OK && line.end == KOZO_LINE_CLOSED && line.length == 3 &&
           kozo_console_read_line_end(&short_one).error == KOZO_NO_REPLY &&
           kozo_console_read_line_end(&refused).error == KOZO_CANCELLED &&
           kozo_console_read_line_end(&strange).error == KOZO_NO_REPLY;
}

// Handlers that note what they were called with.
static uint64_t handled;

static struct kozo_message take_list(struct kozo_caller *caller,
                                     const struct kozo_namespace_list_arguments *arguments)
{
    handled = caller->badge + arguments->place;
    return kozo_answer(KOZO_OK);
}

static bool dispatch_finds_the_handler(void)
{
    static const struct kozo_namespace_handlers handlers = {.list = take_list};
    struct kozo_caller caller = {.badge = 100};
    struct kozo_message list = {.info = {.label = KOZO_NAMESPACE_LIST, .length = 1}, .word = {7}};
    struct kozo_message bare = {.info = {.label = KOZO_NAMESPACE_LIST}};
    struct kozo_message find = {.info = {.label = KOZO_NAMESPACE_FIND, .length = 1}};
    struct kozo_message strange = {.info = {.label = 12345}};
    return kozo_namespace_dispatch(&handlers, &caller, &list).info.label == KOZO_OK &&
           handled == 107 &&
           kozo_namespace_dispatch(&handlers, &caller, &bare).info.label == KOZO_BAD_ARGUMENT &&
           kozo_namespace_dispatch(&handlers, &caller, &find).info.label == KOZO_BAD_OPERATION &&
           kozo_namespace_dispatch(&handlers, &caller, &strange).info.label == KOZO_BAD_OPERATION;
}

static bool info_words_survive(void)
{
    struct kozo_message_info info = {
        .length = 64, .caps = 4, .arrived = 3, .spare = 0, .label = 0xdeadbeef};
    uint64_t word = kozo_message_info_word(info);
    struct kozo_message_info back = kozo_message_info_from_word(word);
    return word == 0xdeadbeef00030440 && memcmp(&info, &back, sizeof info) == 0 &&
           memcmp(&info, &word, sizeof info) == 0;
}

int main(void)
{
    check(info_words_survive(), "an info word holds what the struct holds, in the same layout");
    check(every_length_survives(),
          "a text of every length comes back unchanged, with a zero behind");
    check(answers_survive(), "the longest text comes back unchanged in an answer");
    check(answers_are_judged(), "an answer gives the kernel's error, the service's, or NO_REPLY");
    check(too_long_is_refused(), "a text that does not fit is refused and changes nothing");
    check(hostile_lengths_are_refused(), "a text longer than its message is refused");
    check(waiting_has_two_halves(),
          "a request that waits is pending under a number, or begins when it fits into the ring");
    check(completions_are_judged(), "a completion gives the service's error, or NO_REPLY");
    check(
        dispatch_finds_the_handler(),
        "dispatch calls the handler of a request, and refuses one that is unknown, has no handler "
        "or is not well formed");
    printf("1..%d\n", count);
    return failed == 0 ? 0 : 1;
}
