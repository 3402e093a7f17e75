// SPDX-License-Identifier: MIT
// The program of a run: which it is, which files of this host it sees, and what it is started with.
// Everything that can be known before a machine starts is found out here, so that a program that can't
// run costs one line and no boot.
#pragma once

#include "ask.h"
#include "grants.h"
#include "options.h"
#include "view.h"

struct program {
    struct view view;
    unsigned places;       // names of places that were given so far
    struct asker asker;    // who may be asked
    struct grants *grants; // what the person gave it; owned, null for a machine without a program
    char path[PLACE_PATH]; // as the guest sees it
    char directory[PLACE_PATH]; // the working directory, likewise
    bool terminal[3];           // which of the standard descriptors are one
    int terminal_descriptor;    // the first of them, or -1
};

// Opens what options share with a machine without a program: /share, /share2 and so on, and a system for `linux` at the prompt.
// 0, or an exit status; then a message was printed.
[[nodiscard]] int program_share(struct program *program, const struct options *options);

// The same for a machine with a program, and finds that.
[[nodiscard]] int program_plan(struct program *program, const struct options *options);

// The frame that starts it, to be freed. Null without memory.
[[nodiscard]] char *program_start_frame(const struct program *program,
                                        const struct options *options, size_t *length);

// Records for the machine, each with a zero; to be freed.
struct program_records {
    char *bytes;
    size_t length;
    size_t size;
    bool failed;
};

void program_record(struct program_records *records, const char *key, const char *value);

// The permissions have changed while it runs: works out the places anew, and makes the file server have just them. Adds
// records about places that are new, that are gone, or whose rights have changed. False: nothing has changed, `problem` of
// the grants says why.
[[nodiscard]] bool program_change(struct program *program, struct program_records *records);

void program_end(struct program *program);
