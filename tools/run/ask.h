// SPDX-License-Identifier: MIT
// Before a program runs: what its profile names is looked up in what was decided before, and asked for
// where nothing was. What is allowed is added to the grants of the run.
#pragma once

#include <limits.h>

#include "broker.h"
#include "grants.h"
#include "options.h"
#include "prompt.h"

constexpr char ASK_NOT_KEPT[] = "what was decided can't be kept, so it does not hold";
constexpr int ASK_SILENCE = (int)POLICY_SILENCE * 1'000; // milliseconds that are a "no"

// Who is asked.
struct asker {
    struct prompt prompt;
    struct broker broker;
    bool person; // at the terminal
    struct policy_profile
        *profile; // of the program: it may ask for nothing else; null without one; owned
};

// A program of this host, known by where it is.
struct identity {
    char path[PATH_MAX];
    char name[POLICY_PROGRAM_SIZE];
};

[[nodiscard]] struct identity ask_identify(const struct options *options);

// Finds who can be asked, and shows the word of the run. False: a message was printed.
[[nodiscard]] bool asker_begin(struct asker *asker, const struct options *options);

// Whether anybody is there.
[[nodiscard]] bool asker_is_there(const struct asker *asker);

void asker_end(struct asker *asker);

// 0, or the exit status of the run; then a message was printed.
[[nodiscard]] int ask_for_profile(struct grants *grants, const struct options *options,
                                  struct asker *asker);

// Writes what happened in a run into the record: what was blocked (`records`, as blocked.h has them). A message is printed when that fails.
void ask_record(const struct grants *grants, const struct options *options,
                const struct policy_permission *refused, size_t count);
