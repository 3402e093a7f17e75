// SPDX-License-Identifier: MIT
// The program in the machine, as its person meets it: its streams, its terminal, the conversation
// about it, and how it ended.
//
//   WAITING ── the machine opens kozo.control ──▶ STARTED ── it tells how it ended ──▶ ENDED
//
// The streams go on after that, until nothing more comes.
#pragma once

#include "blocked.h"
#include "changed.h"
#include "program.h"
#include "pump.h"
#include "qemu.h"
#include "talk.h"

enum guest_state : int {
    GUEST_WAITING,
    GUEST_STARTED,
    GUEST_ENDED,
};

enum guest_stream : int {
    GUEST_INPUT,
    GUEST_OUTPUT,
    GUEST_ERRORS,
    GUEST_KEYS,   // of the terminal
    GUEST_SCREEN, // likewise
    GUEST_STREAMS,
};

// A question has the terminal for itself. What came before it was asked is shown first.
enum guest_hold : int {
    GUEST_FREE,
    GUEST_CLEARS, // its keys wait, nothing more is taken for its screen, and what was taken is shown
    GUEST_HELD,   // its keys and its screen wait
};

constexpr int GUEST_WATCHES = 1 + 2 * GUEST_STREAMS; // descriptors for poll()

struct guest {
    const struct options *options;
    const struct program *program;
    enum guest_state state;
    int control;
    int terminal; // a descriptor of our own that doesn't block; -1: there is none
    int report;
    bool leaves;  // the person wants to leave
    bool refused; // it could not be run: talk.reason
    enum guest_hold hold;
    void (*heard)(void *context, const struct talk_event *event); // of questions; may be null
    void *hearer;
    int status;          // once it has ended
    const char *problem; // how the guest broke the protocol; null: it didn't
    unsigned presses;    // of Ctrl-], in a row
    struct talk talk;
    size_t summary_length;
    char summary[512]; // the beginning of the report, for who wants to see what is done
    struct told changed;
    struct told blocked;
    char *frame; // that starts it; owned
    size_t frame_length;
    size_t frame_sent;
    struct queue to_control;
    struct pump stream[GUEST_STREAMS];
};

// Takes over the channels of QEMU, but for that of files. False: a message was printed.
[[nodiscard]] bool guest_begin(struct guest *guest, const struct options *options,
                               const struct program *program, struct qemu *qemu, int output);

void guest_end(struct guest *guest);

// The machine listens on kozo.control.
void guest_opened(struct guest *guest);

// For the foreground group of the program.
void guest_signal(struct guest *guest, int signal);

// Tells the machine a line, or a frame of a word and these bytes.
void guest_tell(struct guest *guest, const char *line);
void guest_tell_frame(struct guest *guest, const char *word, const char *bytes, size_t length);

// Begins to clear the terminal for a question. What goes there and comes from there is held back then.
void guest_clear(struct guest *guest);

// Whether all that came before is shown. From then on nothing else comes to the terminal.
[[nodiscard]] bool guest_is_clear(struct guest *guest);

// Lets it flow again.
void guest_release(struct guest *guest);

// Writes what waits for the machine, as far as it takes it now.
void guest_flush(struct guest *guest);

// The terminal may have another size.
void guest_resized(struct guest *guest);

void guest_watch(const struct guest *guest, struct pollfd list[GUEST_WATCHES]);
void guest_take(struct guest *guest, const struct pollfd list[GUEST_WATCHES]);

// Whether all that was said is passed on, as far as poll() saw.
[[nodiscard]] bool guest_is_quiet(const struct guest *guest,
                                  const struct pollfd list[GUEST_WATCHES]);

// Whether the streams from the machine are at their end.
[[nodiscard]] bool guest_is_over(const struct guest *guest);
