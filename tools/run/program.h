// SPDX-License-Identifier: MIT
// The program of a run: which it is, which files of this host it sees, and what it is started with.
// Everything that can be known before a machine starts is found out here, so that a program that can't
// run costs one line and no boot.
#pragma once

#include "grants.h"
#include "options.h"
#include "view.h"

struct program {
    struct view view;
    struct grants *grants; // what the person gave it; owned, null for a machine without a program
    char path[PLACE_PATH]; // as the guest sees it
    char directory[PLACE_PATH]; // the working directory, likewise
    bool terminal[3];           // which of the standard descriptors are one
    int terminal_descriptor;    // the first of them, or -1
};

// Opens the folders that options share with a machine without a program: /share, /share2 and so on.
// 0, or an exit status; then a message was printed.
[[nodiscard]] int program_share(struct program *program, const struct options *options);

// The same for a machine with a program, and finds that.
[[nodiscard]] int program_plan(struct program *program, const struct options *options);

// The frame that starts it, to be freed. Null without memory.
[[nodiscard]] char *program_start_frame(const struct program *program,
                                        const struct options *options, size_t *length);

void program_end(struct program *program);
