// SPDX-License-Identifier: MIT
#include "terminal.h"

#include <kozo/format.h>
#include <kozo/machine.h>
#include <kozo/protocol.h>
#include <kozo/stream.h>
#include <string.h>

#include "clock.h"
#include "init.h"
#include "port.h"

constexpr size_t FRAME_MOST = 4096; // bytes of output in one message to the runner
constexpr uint8_t CONTROL_C = 0x03;
constexpr char LEAVE = 0x1d;             // Ctrl-]
constexpr size_t LEAVE_PRESSES = 3;      // in a row
constexpr uint64_t RUNNER_PATIENCE = 10; // seconds, for a runner on a busy machine
constexpr uint64_t DRAIN_PATIENCE = 2;   // seconds, for a console that may hang

// --- Polled -------------------------------------------------------------------------------------

static void show(void *context, const char *bytes, size_t length)
{
    (void)context;
    port_write(PORT_CONSOLE, bytes, length);
}

static void polled_write(const char *text, size_t length)
{
    while (length > 0) {
        const char *newline = memchr(text, '\n', length);
        size_t part = newline != nullptr ? (size_t)(newline - text) : length;
        port_write(PORT_CONSOLE, text, part);
        if (newline != nullptr) {
            port_write(PORT_CONSOLE, "\r\n", 2);
            part++;
        }
        text += part;
        length -= part;
    }
}

// The next byte that was typed; -1 for none.
static int polled_byte(struct terminal *terminal)
{
    if (terminal->early == 0) {
        return -1;
    }
    int byte = terminal->early_byte[0];
    terminal->early--;
    memmove(terminal->early_byte, terminal->early_byte + 1, terminal->early);
    return byte;
}

static enum terminal_end polled_read(struct init *init, const char *prompt)
{
    struct terminal *terminal = &init->terminal;
    struct line *line = &terminal->line;
    line_begin(line, prompt, strlen(prompt));
    while (terminal->kind == TERMINAL_POLLED) {
        terminal->editing = true;
        int byte = polled_byte(terminal);
        if (byte < 0) {
            events_wait(init);
            continue;
        }
        terminal->editing = false;
        switch (line_feed(line, (uint8_t)byte)) {
        case LINE_ENTERED:
            return TERMINAL_LINE;
        case LINE_GIVEN_UP:
            return TERMINAL_GIVEN_UP;
        case LINE_CLOSED:
            return TERMINAL_CLOSED;
        case LINE_MORE:
            break;
        }
    }
    return TERMINAL_GIVEN_UP; // the service is there again
}

static struct terminal_line polled_line(struct init *init, const char *prompt)
{
    struct line *line = &init->terminal.line;
    struct terminal_line result = {.end = polled_read(init, prompt)};
    if (result.end == TERMINAL_LINE) {
        result.length = line->length;
        memcpy(result.text, line->text, line->length);
    }
    return result;
}

// --- Service ------------------------------------------------------------------------------------

static void buffer_put(struct terminal *terminal, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        terminal->buffer[(terminal->first + terminal->count++) % TERMINAL_BUFFER] = text[i];
    }
}

// Hands to the service what its stream takes.
static void buffer_push(struct terminal *terminal)
{
    while (terminal->count > 0) {
        size_t together = TERMINAL_BUFFER - terminal->first;
        size_t there = terminal->count < together ? terminal->count : together;
        size_t taken =
            kozo_session_write(&terminal->session, terminal->buffer + terminal->first, there);
        terminal->first = (terminal->first + taken) % TERMINAL_BUFFER;
        terminal->count -= taken;
        if (taken < there) {
            return;
        }
    }
}

static size_t service_pass(struct terminal *terminal, const char *text, size_t length)
{
    size_t room = TERMINAL_BUFFER - terminal->count;
    size_t part = length < room ? length : room;
    buffer_put(terminal, text, part);
    buffer_push(terminal);
    return part;
}

// The console begins a line at a newline, unless somebody has the terminal as it is.
static size_t service_put(struct terminal *terminal, const char *text, size_t length)
{
    size_t done = 0;
    if (terminal->reader == nullptr) {
        return service_pass(terminal, text, length);
    }
    while (done < length && TERMINAL_BUFFER - terminal->count >= 2) {
        buffer_put(terminal, "\r", text[done] == '\n' ? 1 : 0);
        buffer_put(terminal, text + done, 1);
        done++;
    }
    buffer_push(terminal);
    return done;
}

static enum terminal_end line_end(uint64_t end)
{
    return end == KOZO_LINE_ENTER    ? TERMINAL_LINE
           : end == KOZO_LINE_CLOSED ? TERMINAL_CLOSED
                                     : TERMINAL_GIVEN_UP;
}

static void take_line(struct terminal *terminal, const struct kozo_entry *entry)
{
    struct kozo_console_read_line_result read = kozo_console_read_line_end(entry);
    struct terminal_line *line = &terminal->answer;
    *line = (struct terminal_line){.end = TERMINAL_GIVEN_UP};
    terminal->answered = true;
    if (read.error != KOZO_OK || read.length > LINE_MOST) {
        return;
    }
    line->length = kozo_session_read(&terminal->session, line->text, read.length);
    line->end = line_end(read.end);
}

static void take_completion(struct terminal *terminal, const struct kozo_entry *entry)
{
    if (entry->number == terminal->reading) {
        terminal->reading = 0;
        take_line(terminal, entry);
    } else if (entry->number == terminal->watching) {
        terminal->watching = 0;
        terminal->interrupted = entry->label == KOZO_OK;
    } else if (entry->number == terminal->flushing) {
        terminal->flushing = 0;
    } else if (entry->number == terminal->handing) {
        terminal->handing = 0;
    }
}

// What was typed for who has the terminal; for nobody, it is of no use any more.
static void take_typed(struct init *init)
{
    struct terminal *terminal = &init->terminal;
    size_t before = terminal->typed;
    terminal->typed += kozo_session_read(&terminal->session, terminal->typed_byte + before,
                                         TERMINAL_EARLY_MOST - before);
    for (size_t i = before; i < terminal->typed; i++) {
        terminal->presses = terminal->typed_byte[i] == LEAVE ? terminal->presses + 1 : 0;
        terminal->interrupted |= terminal->presses == LEAVE_PRESSES;
    }
    if (terminal->reader == nullptr) {
        terminal->typed = 0;
    } else if (terminal->typed > before) {
        processes_tell_typed(init);
    }
}

// A request that was in flight when the service ended is begun anew by who wants it.
static void forget_lost(const struct kozo_session *session, uint64_t *number)
{
    if (*number != 0 && kozo_session_lost(session, *number)) {
        *number = 0;
    }
}

void terminal_hear(struct init *init)
{
    struct terminal *terminal = &init->terminal;
    struct kozo_entry entry;
    if (terminal->session.page == nullptr) {
        return;
    }
    while (kozo_session_next(&terminal->session, &entry)) {
        take_completion(terminal, &entry);
    }
    forget_lost(&terminal->session, &terminal->reading);
    forget_lost(&terminal->session, &terminal->watching);
    forget_lost(&terminal->session, &terminal->flushing);
    forget_lost(&terminal->session, &terminal->handing);
    if (terminal->reader != nullptr || terminal->handing != 0) {
        take_typed(init);
    }
    if (terminal->watching == 0) {
        terminal->watching = kozo_console_watch_begin(&terminal->session);
    }
    if (terminal->kind == TERMINAL_SERVICE) {
        buffer_push(terminal);
        processes_write_on(init);
    }
}

void terminal_meet(struct init *init, struct service *service)
{
    struct terminal *terminal = &init->terminal;
    if (terminal->arrival.handle == 0) {
        terminal->arrival.handle = init_slot(init);
        if (kozo_cnode_mint((struct kozo_slot){service->signal.handle},
                            (struct kozo_slot){terminal->arrival.handle}, KOZO_RIGHT_WRITE,
                            KOZO_SIGNAL_ARRIVAL) != KOZO_OK) {
            return;
        }
    }
    services_open_own(init, service, SIGNAL_TERMINAL);
    kozo_session_start(&terminal->session, kozo_board_session(service->board, 0),
                       (struct kozo_endpoint){}, terminal->arrival);
    if (terminal->kind == TERMINAL_POLLED) {
        terminal->kind = TERMINAL_SERVICE;
    }
}

// Shows what nobody has taken out of the stream up of a page.
static void show_rest(struct kozo_session_page *page)
{
    char bytes[64];
    uint32_t tail = page->up.tail;
    size_t count = 0;
    do {
        count =
            kozo_stream_take(&page->up, &tail, page->up_byte, KOZO_SESSION_UP, bytes, sizeof bytes);
        port_write(PORT_CONSOLE, bytes, count);
    } while (count > 0);
}

void terminal_lost(struct init *init, const struct service *service)
{
    struct terminal *terminal = &init->terminal;
    if (terminal->kind != TERMINAL_SERVICE) {
        return;
    }
    terminal_start(init);
    clock_pace(init);
    terminal->reading = 0;
    terminal->flushing = 0;
    terminal->handing = 0;
    terminal->reader = nullptr;
    processes_tell_typed(init); // that there will be nothing more
    // Text on its way, the oldest first: below the service, in its session, in the buffer.
    for (size_t i = 0; i < service->entry->uses; i++) {
        const struct kozo_system_use *use = &service->entry->use[i];
        const struct service *driver = services_at(init, use->program);
        if (driver != nullptr) {
            show_rest(kozo_board_session(driver->board, use->place));
        }
    }
    show_rest(terminal->session.page);
    for (; terminal->count > 0; terminal->count--) {
        polled_write(&terminal->buffer[terminal->first], 1);
        terminal->first = (terminal->first + 1) % TERMINAL_BUFFER;
    }
    processes_write_on(init);
}

static struct terminal_line service_line(struct init *init, const char *prompt)
{
    struct terminal *terminal = &init->terminal;
    terminal->answered = false;
    while (terminal->kind == TERMINAL_SERVICE && !terminal->answered) {
        // The prompt comes behind all text.
        if (terminal->reading == 0 && terminal->count == 0 && terminal->handing == 0) {
            terminal->reading =
                kozo_console_read_line_begin(&terminal->session, prompt, strlen(prompt));
        }
        events_wait(init);
    }
    return terminal->answered ? terminal->answer : (struct terminal_line){.end = TERMINAL_GIVEN_UP};
}

static void service_drain(struct init *init)
{
    struct terminal *terminal = &init->terminal;
    uint64_t start = kozo_ticks();
    while (terminal->kind == TERMINAL_SERVICE && terminal->count > 0) {
        events_wait(init);
    }
    terminal->flushing = kozo_console_flush_begin(&terminal->session);
    while (terminal->kind == TERMINAL_SERVICE && terminal->flushing != 0 &&
           kozo_ticks() - start < DRAIN_PATIENCE * init->boot->tsc_frequency) {
        events_wait(init);
    }
}

// --- Runner -------------------------------------------------------------------------------------

static void control_print(const char *text)
{
    port_write(PORT_CONTROL, text, strlen(text));
}

static void control_write(const char *text, size_t length)
{
    while (length > 0) {
        char header[24];
        size_t part = length < FRAME_MOST ? length : FRAME_MOST;
        kozo_format(header, sizeof header, "out %zu\n", part);
        control_print(header);
        port_write(PORT_CONTROL, text, part);
        text += part;
        length -= part;
    }
}

bool terminal_ask_runner(struct init *init)
{
    struct control *control = &init->terminal.control;
    if (!port_is_there(PORT_CONTROL)) {
        return false;
    }
    port_start(PORT_CONTROL);
    control_print("hello 1\n");
    control_start(control);
    uint64_t start = kozo_ticks();
    uint64_t patience = init->boot->tsc_frequency * RUNNER_PATIENCE;
    while (control->state == CONTROL_HEADER || control->state == CONTROL_BODY) {
        int byte = port_read(PORT_CONTROL);
        if (byte >= 0) {
            (void)control_feed(control, (uint8_t)byte);
            start = kozo_ticks();
        } else if (kozo_ticks() - start > patience) {
            return false;
        }
    }
    if (control->state != CONTROL_COMMAND) {
        return false;
    }
    init->terminal.kind = TERMINAL_CONTROL;
    return true;
}

void terminal_tell_status(struct init *init, int status)
{
    char text[24];
    if (init->terminal.kind != TERMINAL_CONTROL) {
        return;
    }
    kozo_format(text, sizeof text, "exit %u\n", (unsigned)status & 0xff);
    control_print(text);
}

// --- All ----------------------------------------------------------------------------------------

void terminal_start(struct init *init)
{
    init->terminal.kind = TERMINAL_POLLED;
    port_start(PORT_CONSOLE);
    line_start(&init->terminal.line, show, nullptr);
}

void terminal_drain(struct init *init)
{
    if (init->terminal.kind == TERMINAL_SERVICE) {
        service_drain(init);
    }
    port_drain(PORT_CONSOLE);
    port_drain(PORT_CONTROL);
}

size_t terminal_put(struct init *init, const char *text, size_t length)
{
    switch (init->terminal.kind) {
    case TERMINAL_SERVICE:
        return service_put(&init->terminal, text, length);
    case TERMINAL_CONTROL:
        control_write(text, length);
        return length;
    case TERMINAL_POLLED:
        polled_write(text, length);
        return length;
    }
}

size_t terminal_pass(struct init *init, const struct process *process, const char *text,
                     size_t length)
{
    struct terminal *terminal = &init->terminal;
    return terminal->reader == process && terminal->kind == TERMINAL_SERVICE
               ? service_pass(terminal, text, length)
               : terminal_put(init, text, length);
}

bool terminal_hand_over(struct init *init, struct process *process)
{
    struct terminal *terminal = &init->terminal;
    if (terminal->reader == process) {
        return true;
    }
    if (terminal->kind != TERMINAL_SERVICE || terminal->reader != nullptr ||
        terminal->handing != 0) {
        return false;
    }
    terminal->handing = kozo_console_raw_begin(&terminal->session, true);
    if (terminal->handing == 0) {
        return false;
    }
    terminal->reader = process;
    terminal->typed = 0;
    terminal->presses = 0;
    return true;
}

size_t terminal_take_typed(struct init *init, char *bytes, size_t size)
{
    struct terminal *terminal = &init->terminal;
    size_t part = size < terminal->typed ? size : terminal->typed;
    memcpy(bytes, terminal->typed_byte, part);
    terminal->typed -= part;
    memmove(terminal->typed_byte, terminal->typed_byte + part, terminal->typed);
    take_typed(init);
    return part;
}

void terminal_take_back(struct init *init, const struct process *process)
{
    struct terminal *terminal = &init->terminal;
    if (terminal->reader != process) {
        return;
    }
    terminal->reader = nullptr;
    terminal->handing = kozo_console_raw_begin(&terminal->session, false);
}

void terminal_write(struct init *init, const char *text, size_t length)
{
    while (length > 0) {
        size_t part = terminal_put(init, text, length);
        text += part;
        length -= part;
        if (length > 0) {
            events_wait(init);
        }
    }
}

void say(struct init *init, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    size_t length = kozo_format_list(text, sizeof text, format, arguments);
    va_end(arguments);
    terminal_write(init, text, length < sizeof text ? length : sizeof text - 1);
}

static void note(struct init *init, bool shown, const char *format, va_list arguments)
{
    char text[512];
    size_t length = kozo_format_list(text, sizeof text, format, arguments);
    length = length < sizeof text ? length : sizeof text - 1;
    log_write(&init->log, text, length);
    if (shown) {
        (void)terminal_put(init, text, length);
    }
}

void notice(struct init *init, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    note(init, init->terminal.kind != TERMINAL_CONTROL, format, arguments);
    va_end(arguments);
}

void notice_failure(struct init *init, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    note(init, true, format, arguments);
    va_end(arguments);
}

struct terminal_line terminal_read_line(struct init *init, const char *prompt)
{
    return init->terminal.kind == TERMINAL_SERVICE ? service_line(init, prompt)
                                                   : polled_line(init, prompt);
}

// Bytes wait for the next line; when there is no more room for them they wait in the device. While
// no line is read Ctrl-C drops them, as it does in the console.
void terminal_look(struct init *init)
{
    struct terminal *terminal = &init->terminal;
    while (terminal->early < TERMINAL_EARLY_MOST) {
        int byte = port_read(PORT_CONSOLE);
        if (byte < 0) {
            return;
        }
        if (byte == CONTROL_C && !terminal->editing) {
            terminal->early = 0;
            terminal->interrupted = true;
        } else {
            terminal->early_byte[terminal->early++] = (uint8_t)byte;
        }
    }
}

bool terminal_was_interrupted(struct init *init)
{
    bool interrupted = init->terminal.interrupted;
    init->terminal.interrupted = false;
    return interrupted;
}
