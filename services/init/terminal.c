// SPDX-License-Identifier: MIT
#include "terminal.h"

#include <kozo/format.h>
#include <kozo/machine.h>
#include <kozo/protocol.h>
#include <string.h>

#include "console.h"
#include "init.h"
#include "port.h"

constexpr size_t FRAME_MOST = 4096; // bytes of output in one message to the runner
constexpr uint8_t CONTROL_C = 0x03;
constexpr unsigned RESTARTS_MOST = 3;
constexpr uint64_t RUNNER_PATIENCE = 2; // seconds, for a runner on a busy machine

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

static void polled_print(const char *text)
{
    polled_write(text, strlen(text));
}

// The next byte: first those that were typed early, then what the device has. -1 for none.
static int polled_byte(struct terminal *terminal)
{
    if (terminal->early == 0) {
        return port_read(PORT_CONSOLE);
    }
    int byte = terminal->early_byte[0];
    terminal->early--;
    memmove(terminal->early_byte, terminal->early_byte + 1, terminal->early);
    return byte;
}

static enum terminal_end polled_read(struct terminal *terminal, const char *prompt)
{
    struct line *line = &terminal->line;
    line_begin(line, prompt, strlen(prompt));
    while (true) {
        int byte = polled_byte(terminal);
        if (byte < 0) {
            (void)kozo_kernel_yield();
            continue;
        }
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
}

static struct terminal_line polled_line(struct init *init, const char *prompt)
{
    struct line *line = &init->terminal.line;
    struct terminal_line result = {.end = polled_read(&init->terminal, prompt)};
    if (result.end == TERMINAL_LINE) {
        result.length = line->length;
        memcpy(result.text, line->text, line->length);
    }
    return result;
}

// --- Driver -------------------------------------------------------------------------------------

// A driver that no longer answers is started anew, or given up when that was done too often;
// polling then takes its place. It is polling that tells of it, too.
static void driver_failed(struct init *init)
{
    const char *reason = "failed too often";
    console_lost(init);
    if (init->terminal.restarts < RESTARTS_MOST) {
        init->terminal.restarts++;
        polled_print("init: the console driver failed and is started again\n");
        reason = console_start(init);
    }
    if (reason != nullptr) {
        polled_print("init: going on without the console driver: it ");
        polled_print(reason);
        polled_print("\n");
    }
}

static enum kozo_error driver_write(struct init *init, const char *text, size_t length)
{
    enum kozo_error error = KOZO_OK;
    while (length > 0 && error == KOZO_OK) {
        size_t part = length < KOZO_CONSOLE_WRITE_TEXT_MAX ? length : KOZO_CONSOLE_WRITE_TEXT_MAX;
        error = kozo_console_write(init->terminal.driver, text, part);
        text += part;
        length -= part;
    }
    return error;
}

static enum terminal_end driver_end(uint64_t end)
{
    return end == KOZO_LINE_ENTER    ? TERMINAL_LINE
           : end == KOZO_LINE_CLOSED ? TERMINAL_CLOSED
                                     : TERMINAL_GIVEN_UP;
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
    // The driver answers a write when all its output was handed to the device, even one of nothing.
    if (init->terminal.kind == TERMINAL_DRIVER) {
        (void)kozo_console_write(init->terminal.driver, "", 0);
    }
    port_drain(PORT_CONSOLE);
    port_drain(PORT_CONTROL);
}

void terminal_write(struct init *init, const char *text, size_t length)
{
    if (init->terminal.kind == TERMINAL_DRIVER) {
        if (driver_write(init, text, length) == KOZO_OK) {
            return;
        }
        driver_failed(init);
    }
    if (init->terminal.kind == TERMINAL_CONTROL) {
        control_write(text, length);
    } else {
        polled_write(text, length);
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

static struct terminal_line driver_line(struct init *init, const char *prompt)
{
    struct kozo_console_read_line_result read =
        kozo_console_read_line(init->terminal.driver, prompt, strlen(prompt));
    if (read.error != KOZO_OK || read.text_length > LINE_MOST) {
        driver_failed(init);
        return (struct terminal_line){.end = TERMINAL_GIVEN_UP};
    }
    struct terminal_line result = {.end = driver_end(read.end), .length = read.text_length};
    memcpy(result.text, read.text, read.text_length);
    return result;
}

struct terminal_line terminal_read_line(struct init *init, const char *prompt)
{
    return init->terminal.kind == TERMINAL_DRIVER ? driver_line(init, prompt)
                                                  : polled_line(init, prompt);
}

// Bytes other than Ctrl-C wait for the next line; when there is no more room for them they wait in
// the device. Ctrl-C drops them, as the driver does.
bool terminal_is_interrupted(struct init *init)
{
    struct terminal *terminal = &init->terminal;
    if (terminal->kind != TERMINAL_POLLED || terminal->early == TERMINAL_EARLY_MOST) {
        return false;
    }
    int byte = port_read(PORT_CONSOLE);
    if (byte == CONTROL_C) {
        terminal->early = 0;
        return true;
    }
    if (byte >= 0) {
        terminal->early_byte[terminal->early++] = (uint8_t)byte;
    }
    return false;
}
