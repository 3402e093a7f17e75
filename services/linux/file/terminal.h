// SPDX-License-Identifier: MIT
// Terminals: the line discipline between a program and whoever types, job control, and pseudo-terminals.
//
// A terminal has a ring for what was typed and one for what is to be shown. At the other end is either the master of a pseudo-terminal
// (pty.c), or a channel of the host (the main terminal). Who is there calls terminal_type and takes what is shown.
//
// A terminal is counted by its open files and its master. The processes whose controlling terminal it is only name it: it is theirs
// as long as it is there and belongs to their session.
#pragma once

#include "channel.h"
#include "file.h"
#include "gate.h"
#include "node.h"

#include <sys/ioctl.h>

// As TCGETS has it.
struct terminal_settings {
    uint32_t input, output, control, local;
    uint8_t line;
    uint8_t character[19];
};
static_assert(sizeof(struct terminal_settings) == 36);

constexpr size_t TERMINAL_TYPED = 4096;
constexpr size_t TERMINAL_SHOWN = 8192;

struct terminal {
    uint32_t count;
    uint32_t number; // in /dev/pts
    struct terminal_settings settings;
    struct winsize size;
    uint32_t session; // whose controlling terminal this is; 0 for none
    uint32_t group;   // in the foreground
    bool locked;      // TIOCSPTLCK
    bool hung_up;     // nobody is at the other end any more
    bool stopped;     // output waits for the start character
    bool literal;     // the next byte is taken as it is
    bool been_open;   // by a program
    uint32_t files;   // open by programs
    uint32_t column;
    struct wait_queue queue;       // of programs
    struct wait_queue other_queue; // of the other end
    struct gate gate;              // of writers
    // Typed bytes: from `first` to `ready` may be read in canonical mode, up to `last` there are.
    uint32_t first, ready, last;
    uint8_t typed[TERMINAL_TYPED];
    uint8_t ends[TERMINAL_TYPED / 8]; // bits: here a line ends
    uint32_t shown_first, shown_last;
    uint8_t shown[TERMINAL_SHOWN];
    struct channel *channel; // of the main terminal
    struct wait channel_wait;
};

// The main terminal, which is /dev/pts/0, on a channel; null when memory is used up.
[[nodiscard]] struct terminal *terminal_main(struct channel *channel);
// A new one, counted once; null when memory or numbers are used up.
[[nodiscard]] struct terminal *terminal_make(void);
void terminal_set_size(struct terminal *terminal, uint16_t rows, uint16_t columns);

// The controlling terminal of the process that calls; null for none.
[[nodiscard]] struct terminal *terminal_controlling(void);

void terminal_keep(struct terminal *terminal);
void terminal_drop(struct terminal *terminal);

// Opens a terminal by its device number.
[[nodiscard]] int64_t terminal_open(uint64_t special, struct file *file);

// Device number of a terminal, as stat and /proc have it.
[[nodiscard]] uint64_t terminal_device(const struct terminal *terminal);

// The process that leads a session ends: its terminal is free, and who is in the foreground hears of it.
void terminal_leave_session(struct terminal *terminal, uint32_t session);

// The other end: types a byte; false when there is no room, which is never so while the one line that is there has no end yet: what
// is too much of it is dropped. Takes what is shown.
[[nodiscard]] bool terminal_has_room(const struct terminal *terminal);
[[nodiscard]] bool terminal_type(struct terminal *terminal, uint8_t byte);
[[nodiscard]] size_t terminal_look(const struct terminal *terminal, const uint8_t **bytes);
void terminal_look_on(struct terminal *terminal, size_t size);
void terminal_hang_up(struct terminal *terminal);

// Waits until all that the main terminal shows is with the host.
void terminal_settle(struct terminal *terminal);
// The same in the middle of a run: a signal breaks it off (RESTART_CALL), and who has stopped the output is not overruled.
[[nodiscard]] int64_t terminal_show(struct terminal *terminal);

// terminal_control.c
[[nodiscard]] int64_t terminal_control(struct file *file, struct terminal *terminal,
                                       uint64_t request, struct user argument);
// What a terminal's change of mode means for what was typed already.
void terminal_mode_changed(struct terminal *terminal, uint32_t before);
void terminal_flush_typed(struct terminal *terminal);
void terminal_flush_shown(struct terminal *terminal);
// Waits until all is shown; 0 or a restart.
[[nodiscard]] int64_t terminal_drain(struct terminal *terminal);
[[nodiscard]] size_t terminal_readable(const struct terminal *terminal);
// Something has changed for either side.
void terminal_changed(struct terminal *terminal);

// pty.c
[[nodiscard]] int64_t pty_open(struct file *file);
// Makes the node of a terminal in /dev/pts appear and go.
void pty_system_set(struct node *root);
[[nodiscard]] bool pty_take_number(struct terminal *terminal);
void pty_give_number(struct terminal *terminal);
[[nodiscard]] struct terminal *pty_by_number(uint32_t number);
[[nodiscard]] bool pty_is_there(const struct terminal *terminal);
