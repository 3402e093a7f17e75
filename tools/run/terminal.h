// SPDX-License-Identifier: MIT
// The terminal in raw mode, so that every key goes to the guest. However the runner ends, the
// terminal comes back as it was: a small guardian process waits for the runner's death and restores
// it if the runner could not.
#pragma once

#include <termios.h>

struct terminal {
    int descriptor; // -1: no terminal, and all functions do nothing
    int guardian;   // a pipe whose closing wakes the guardian; -1 if there is none
    bool raw;
    struct termios before;
};

// For a descriptor that may or may not be a terminal. The mode is not changed yet.
[[nodiscard]] struct terminal terminal_open(int descriptor);

// Starts the guardian. Before any thread or other child exists.
void terminal_guard(struct terminal *terminal);

// Raw mode. With `plain` output keeps its newline translation, so messages stay readable; without, it
// goes out as it is, for who has a line discipline of its own.
void terminal_raw(struct terminal *terminal, bool plain);

void terminal_restore(struct terminal *terminal);

// Restores the terminal and lets the guardian go.
void terminal_close(struct terminal *terminal);
