// SPDX-License-Identifier: MIT
// What is on the screen.
//
// Text of each client is shown in whole lines, so that two writers never mix in one line. A line
// without its end is shown too, when nobody edits a line; its writer then holds the screen, and
// others wait for its end, or for half a second without any more of it: then they start on a line of
// their own. While a person edits a line, text is shown above it: the edited line is taken away and
// shown again below.
//
// Bytes wait in a queue until the driver takes them. Text is only taken from a client when there is
// room for it, so a client that writes too fast waits, and nobody else does.
#pragma once

#include <kozo/session.h>

#include "line.h"
#include "ring.h"

constexpr size_t SCREEN_NOBODY = SIZE_MAX;
constexpr size_t SCREEN_ECHO = 1024; // room that is kept for the line editor

struct screen {
    struct kozo_session *driver;
    struct ring output;
    size_t holder; // whose unfinished line is shown
    uint64_t held; // since these ticks nothing came of it
    size_t raw;    // whose newlines are shown as they are
    bool editing;  // a prompt and a line are shown
    size_t prompt_length;
    char prompt[48];
    struct line line;
};

// Starts an empty screen above a driver's session.
void screen_start(struct screen *screen, struct kozo_session *driver);

// Whether text of this length can be taken now.
[[nodiscard]] bool screen_has_room(const struct screen *screen, size_t length);

// Shows text of a client. It is one or more whole lines, or an unfinished one that may be shown.
void screen_show(struct screen *screen, size_t place, const char *text, size_t length);

// Whether text of this client may be shown now, and whether that may be an unfinished line.
[[nodiscard]] bool screen_is_open_for(const struct screen *screen, size_t place);
[[nodiscard]] bool screen_may_end_open(const struct screen *screen, size_t place);

// Shows a prompt and starts a line.
void screen_prompt(struct screen *screen, const char *prompt, size_t length);

// The edited line has ended; it stays where it is.
void screen_line_ended(struct screen *screen);

// Hands to the driver what it takes.
void screen_push(struct screen *screen);

// Whether the driver has taken everything.
[[nodiscard]] bool screen_is_clean(const struct screen *screen);
