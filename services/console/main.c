// SPDX-License-Identifier: MIT
// The console: text of many clients, lines of one person.
//
// Input that nobody reads yet waits, but for Ctrl-C, which goes to those who watch for it and drops
// what was typed before. When there is no room for more, the driver's stream is no longer read.
//
// It uses the service `serial`, whose streams are a line to a terminal.
#include <kozo/print.h>
#include <kozo/start.h>
#include <string.h>

#include "screen.h"
#include "server.h"

constexpr char CONTROL_C = 0x03;
constexpr size_t TEXT_MOST = KOZO_SESSION_UP;

// A request that is answered later.
struct wish {
    uint64_t number; // 0 for none
    size_t place;
};

static struct {
    struct server server;
    struct kozo_session driver;
    struct screen screen;
    struct ring typed;
    struct wish reader;
    size_t prompt_length;
    char prompt[48];
    struct wish watch[KOZO_BOARD_SESSIONS];
    struct wish flush[KOZO_BOARD_SESSIONS];
} console;

static void complete(struct wish *wish, const struct kozo_message *answer)
{
    uint64_t number = wish->number;
    wish->number = 0;
    server_complete(&console.server, wish->place, number, answer);
}

// --- Output -------------------------------------------------------------------------------------

// Bytes of the first line, with its end; 0 when that is not there yet.
static size_t first_line(const char *text, size_t length)
{
    const char *end = memchr(text, '\n', length);
    return end != nullptr ? (size_t)(end - text) + 1 : 0;
}

// Takes a line out of a client's stream when the driver has taken all before it: so a console that ends
// loses one line at most. A stream that is full without a line's end is shown as it is. False when
// there is nothing to take now.
static bool take_text(size_t place)
{
    static char text[TEXT_MOST];
    size_t there = server_peek(&console.server, place, text, sizeof text);
    size_t length = first_line(text, there);
    if (console.screen.output.count > 0 || !screen_is_open_for(&console.screen, place)) {
        return false;
    }
    if (length == 0 && (screen_may_end_open(&console.screen, place) || there == TEXT_MOST)) {
        length = there;
    }
    if (length == 0) {
        return false;
    }
    length = server_read(&console.server, place, text, length);
    screen_show(&console.screen, place, text, length);
    screen_push(&console.screen);
    return true;
}

static void take_all_text(void)
{
    bool more = true;
    while (more) {
        more = false;
        for (size_t place = 0; place < console.server.places; place++) {
            more |= take_text(place);
        }
    }
}

static bool has_text(size_t place)
{
    char byte;
    return server_peek(&console.server, place, &byte, 1) > 0;
}

static void complete_flushes(void)
{
    struct kozo_message answer = kozo_answer(KOZO_OK);
    for (size_t place = 0; place < console.server.places; place++) {
        if (console.flush[place].number != 0 && !has_text(place) &&
            screen_is_clean(&console.screen)) {
            complete(&console.flush[place], &answer);
        }
    }
}

// --- Input --------------------------------------------------------------------------------------

static void end_line(enum kozo_line_end end)
{
    size_t length = end == KOZO_LINE_ENTER ? console.screen.line.length : 0;
    struct kozo_message answer = kozo_console_read_line_answer(end, length);
    if (server_room(&console.server, console.reader.place) < length) {
        answer = kozo_answer(KOZO_WOULD_BLOCK);
    } else {
        (void)server_write(&console.server, console.reader.place, console.screen.line.text, length);
    }
    screen_line_ended(&console.screen);
    // First to the driver, then the answer: who gets it may end the console.
    screen_push(&console.screen);
    complete(&console.reader, &answer);
}

static void feed_line(char byte)
{
    switch (line_feed(&console.screen.line, (uint8_t)byte)) {
    case LINE_ENTERED:
        end_line(KOZO_LINE_ENTER);
        return;
    case LINE_GIVEN_UP:
        end_line(KOZO_LINE_INTERRUPT);
        return;
    case LINE_CLOSED:
        end_line(KOZO_LINE_CLOSED);
        return;
    case LINE_MORE:
        return;
    }
}

static void interrupt(void)
{
    struct kozo_message answer = kozo_answer(KOZO_OK);
    ring_drop(&console.typed, console.typed.count);
    for (size_t place = 0; place < console.server.places; place++) {
        if (console.watch[place].number != 0) {
            complete(&console.watch[place], &answer);
        }
    }
}

static void take_input(void)
{
    char bytes[64];
    while (ring_room(&console.typed) >= sizeof bytes) {
        size_t count = kozo_session_read(&console.driver, bytes, sizeof bytes);
        for (size_t i = 0; i < count; i++) {
            if (console.screen.editing) {
                feed_line(bytes[i]);
            } else if (bytes[i] == CONTROL_C && console.reader.number == 0 &&
                       console.screen.raw == SCREEN_NOBODY) {
                interrupt();
            } else {
                (void)ring_put(&console.typed, bytes[i]);
            }
        }
        if (count == 0) {
            return;
        }
    }
}

// Hands what was typed to the session that has the terminal as it is.
static void pass_raw(void)
{
    while (console.screen.raw != SCREEN_NOBODY && console.typed.count > 0) {
        const char *bytes = nullptr;
        size_t there = ring_front(&console.typed, &bytes);
        size_t taken = server_write(&console.server, console.screen.raw, bytes, there);
        ring_drop(&console.typed, taken);
        if (taken < there) {
            return;
        }
    }
}

// Shows the prompt of who wants to read, once all that it wrote before is shown.
static void start_line(void)
{
    if (console.reader.number == 0 || console.screen.editing || has_text(console.reader.place) ||
        !screen_is_open_for(&console.screen, console.reader.place)) {
        return;
    }
    screen_prompt(&console.screen, console.prompt, console.prompt_length);
    while (console.screen.editing && console.typed.count > 0) {
        const char *bytes = nullptr;
        (void)ring_front(&console.typed, &bytes);
        char byte = bytes[0];
        ring_drop(&console.typed, 1);
        feed_line(byte);
    }
}

static void work(void)
{
    take_all_text();
    start_line();
    take_input();
    pass_raw();
    screen_push(&console.screen);
    complete_flushes();
}

// --- Requests -----------------------------------------------------------------------------------

static struct kozo_message serve_write(struct kozo_caller *caller,
                                       const struct kozo_console_write_arguments *arguments)
{
    if (!screen_has_room(&console.screen, arguments->text_length)) {
        return kozo_answer(KOZO_WOULD_BLOCK);
    }
    screen_show(&console.screen, caller->session, arguments->text, arguments->text_length);
    return kozo_answer(KOZO_OK);
}

static struct kozo_message serve_read_line(struct kozo_caller *caller,
                                           const struct kozo_console_read_line_arguments *arguments)
{
    if (console.reader.number != 0) {
        return kozo_answer(KOZO_BAD_STATE);
    }
    if (caller->number == 0) {
        return kozo_answer(KOZO_WOULD_BLOCK);
    }
    if (arguments->prompt_length > sizeof console.prompt) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    console.reader = (struct wish){.number = caller->number, .place = caller->session};
    console.prompt_length = arguments->prompt_length;
    memcpy(console.prompt, arguments->prompt, arguments->prompt_length);
    work();
    return kozo_later();
}

// Notes a wish that a client may have one of.
static struct kozo_message note(struct wish *wish, const struct kozo_caller *caller)
{
    if (wish->number != 0) {
        return kozo_answer(KOZO_BAD_STATE);
    }
    if (caller->number == 0) {
        return kozo_answer(KOZO_WOULD_BLOCK);
    }
    *wish = (struct wish){.number = caller->number, .place = caller->session};
    return kozo_later();
}

static struct kozo_message serve_watch(struct kozo_caller *caller)
{
    return note(&console.watch[caller->session], caller);
}

static struct kozo_message serve_flush(struct kozo_caller *caller)
{
    struct kozo_message answer = note(&console.flush[caller->session], caller);
    work();
    return answer;
}

static struct kozo_message serve_raw(struct kozo_caller *caller,
                                     const struct kozo_console_raw_arguments *arguments)
{
    size_t holder = console.screen.raw;
    if ((holder != SCREEN_NOBODY && holder != caller->session) || console.reader.number != 0) {
        return kozo_answer(KOZO_BAD_STATE);
    }
    console.screen.raw = arguments->on ? caller->session : SCREEN_NOBODY;
    return kozo_answer(KOZO_OK);
}

static struct kozo_message serve(struct kozo_caller *caller, const struct kozo_message *message)
{
    static const struct kozo_console_handlers handlers = {
        .write = serve_write,
        .read_line = serve_read_line,
        .watch = serve_watch,
        .flush = serve_flush,
        .raw = serve_raw,
    };
    return kozo_console_dispatch(&handlers, caller, message);
}

static void forget_reader(void)
{
    console.reader.number = 0;
    screen_line_ended(&console.screen);
}

static bool cancel(size_t place, uint64_t number)
{
    if (number == 0) {
        return false;
    }
    if (console.reader.number == number && console.reader.place == place) {
        forget_reader();
        return true;
    }
    struct wish *wish = console.watch[place].number == number   ? &console.watch[place]
                        : console.flush[place].number == number ? &console.flush[place]
                                                                : nullptr;
    if (wish == nullptr) {
        return false;
    }
    wish->number = 0;
    return true;
}

// What the client wrote is shown to its end.
static bool left(size_t place)
{
    if (console.reader.number != 0 && console.reader.place == place) {
        forget_reader();
    }
    console.watch[place].number = 0;
    console.flush[place].number = 0;
    console.screen.raw = console.screen.raw == place ? SCREEN_NOBODY : console.screen.raw;
    while (take_text(place)) {
    }
    if (has_text(place)) {
        return false;
    }
    if (console.screen.holder == place) {
        screen_show(&console.screen, place, "\n", 1);
    }
    return true;
}

int main(int argument_count, char **arguments)
{
    static const struct server_handlers handlers = {
        .serve = serve,
        .cancel = cancel,
        .left = left,
        .work = work,
    };
    (void)argument_count;
    (void)arguments;
    if (!kozo_session_open(&console.driver, "serial")) {
        kozo_print("it was given no serial line\n");
        return 1;
    }
    screen_start(&console.screen, &console.driver);
    return server_run(&console.server, &handlers);
}
