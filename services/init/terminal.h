// SPDX-License-Identifier: MIT
// Where init speaks and listens. One of three: the console service, the serial port itself by
// polling when there is no service, or the control channel when the runner asked for one command.
//
// With the service, text goes through a buffer into the stream of a session; init never calls the
// service, and one that hangs is ended like any other.
#pragma once

#include <kozo/session.h>

#include "control.h"
#include "line.h"

struct init;
struct process;
struct service;

constexpr size_t TERMINAL_BUFFER = 8192;
constexpr size_t TERMINAL_EARLY_MOST = 256;

enum terminal_kind : uint32_t {
    TERMINAL_POLLED,
    TERMINAL_SERVICE,
    TERMINAL_CONTROL,
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

struct terminal {
    enum terminal_kind kind;
    bool interrupted; // by Ctrl-C, and nobody has asked yet

    struct kozo_session session; // with the console service; without page there is none
    struct kozo_notification arrival;
    uint64_t reading; // numbers of the requests in flight, 0 for none
    uint64_t watching;
    uint64_t flushing;
    uint64_t handing;       // the terminal is being handed over, or taken back
    struct process *reader; // whose the terminal is as it is; null for nobody
    size_t presses;         // of Ctrl-], in a row
    size_t typed;           // bytes for the reader
    char typed_byte[TERMINAL_EARLY_MOST];
    bool answered; // the line that was asked for is there
    struct terminal_line answer;
    size_t first; // of the text that waits for room in the stream
    size_t count;
    char buffer[TERMINAL_BUFFER];

    struct line line; // for POLLED
    bool editing;     // a line is being read there
    size_t early;     // bytes that were typed while a program ran
    uint8_t early_byte[TERMINAL_EARLY_MOST];
    struct control control;
};

// Starts polling the first serial port.
void terminal_start(struct init *init);

// Takes text as far as there is room now, and never waits. Gives how many bytes.
[[nodiscard]] size_t terminal_put(struct init *init, const char *text, size_t length);

// The same for what a process wrote. From the one that has the terminal as it is, nothing is changed; for all others a newline is still the
// begin of a line.
[[nodiscard]] size_t terminal_pass(struct init *init, const struct process *process,
                                   const char *text, size_t length);

// Lets a process have the terminal as it is; false when there is none, or another one has it. Three presses of Ctrl-] in a row then stand for
// Ctrl-C.
[[nodiscard]] bool terminal_hand_over(struct init *init, struct process *process);
// Takes what was typed for it; how many bytes.
[[nodiscard]] size_t terminal_take_typed(struct init *init, char *bytes, size_t size);
// A process ends: if it has the terminal, that is init's again.
void terminal_take_back(struct init *init, const struct process *process);

// Takes all of the text, and hears events while there is no room. For commands, not for events.
void terminal_write(struct init *init, const char *text, size_t length);

// Waits until all that was written has left the machine, before that is turned off.
void terminal_drain(struct init *init);

// Formats as kozo_format does and writes. Text beyond 512 bytes is cut.
[[gnu::format(printf, 2, 3)]]
void say(struct init *init, const char *format, ...);

// The same for what happens beside a command: into init's log, and shown as far as there is room.
[[gnu::format(printf, 2, 3)]]
void notice(struct init *init, const char *format, ...);

// The same for a program that failed: the runner, which hears nothing of what happens beside its command, is told that too.
[[gnu::format(printf, 2, 3)]]
void notice_failure(struct init *init, const char *format, ...);

// The console service is there and has a session for init, or is down for good.
void terminal_meet(struct init *init, struct service *service);
void terminal_lost(struct init *init, const struct service *service);

// Something is in the session.
void terminal_hear(struct init *init);

[[nodiscard]] struct terminal_line terminal_read_line(struct init *init, const char *prompt);

// Asks the runner, if there is one, what is wanted. True when it gave a command, which is then in
// terminal.control.
[[nodiscard]] bool terminal_ask_runner(struct init *init);

// Tells the runner how the command ended.
void terminal_tell_status(struct init *init, int status);

// For a polled terminal: looks for what was typed.
void terminal_look(struct init *init);

// Whether a person has pressed Ctrl-C since the last time this was asked.
[[nodiscard]] bool terminal_was_interrupted(struct init *init);
