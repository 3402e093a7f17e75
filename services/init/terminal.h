// SPDX-License-Identifier: MIT
// Where init speaks and listens. One of three: the serial driver, the serial port itself by polling
// when there is no driver, or the control channel when the runner asked for one command.
#pragma once

#include <kozo/stubs.h>

#include "control.h"
#include "line.h"

struct init;
struct process;

constexpr size_t TERMINAL_EARLY_MOST = 256;

enum terminal_kind : uint32_t {
    TERMINAL_POLLED,
    TERMINAL_DRIVER,
    TERMINAL_CONTROL,
};

struct terminal {
    enum terminal_kind kind;
    struct kozo_endpoint driver; // to the console service
    struct process *service;     // the console service itself
    unsigned restarts;           // of it, so far
    struct line line;            // for POLLED
    size_t early;                // bytes that were typed while a program ran
    uint8_t early_byte[TERMINAL_EARLY_MOST];
    struct control control;
};

enum terminal_end : uint32_t {
    TERMINAL_LINE,
    TERMINAL_GIVEN_UP,
    TERMINAL_CLOSED,
};

// A line that was entered.
struct terminal_line {
    enum terminal_end end;
    size_t length;
    char text[LINE_MOST + 1];
};

// Starts polling the first serial port.
void terminal_start(struct init *init);

void terminal_write(struct init *init, const char *text, size_t length);

// Waits until all that was written has left the machine, before that is turned off.
void terminal_drain(struct init *init);

// Formats as kozo_format does and writes. Text beyond 512 bytes is cut.
[[gnu::format(printf, 2, 3)]]
void say(struct init *init, const char *format, ...);

[[nodiscard]] struct terminal_line terminal_read_line(struct init *init, const char *prompt);

// Asks the runner, if there is one, what is wanted. True when it gave a command, which is then in
// terminal.control.
[[nodiscard]] bool terminal_ask_runner(struct init *init);

// Tells the runner how the command ended.
void terminal_tell_status(struct init *init, int status);

// For a terminal without a driver: whether a person has pressed Ctrl-C.
[[nodiscard]] bool terminal_is_interrupted(struct init *init);
