// SPDX-License-Identifier: MIT
// What is kept between runs, in the person's own folder (XDG_STATE_HOME, or ~/.local/state, and there
// `kozo`): `decisions`, what was decided for good or for a time, and `record`, the record of all runs. Both
// are text that only grows; lib/policy says how each notices a change. A run that ends at any moment
// leaves whole lines behind it, or half a line that counts for nothing.
#pragma once

#include <sys/types.h>

#include "../../lib/policy/decide.h"
#include "../../lib/policy/record.h"

constexpr size_t STATE_PATH = 4'096;

struct state {
    char folder[STATE_PATH];
    int decisions; // locked; -1: not open
    off_t length;  // of what is good in it
    struct policy policy;
    char problem[512]; // one sentence, when something failed
};

// Finds the folder, and makes it. False: `problem`.
[[nodiscard]] bool state_begin(struct state *state, const struct policy_folders *folders);

// Reads what was decided, and keeps others from changing it until state_close. False: `problem`.
[[nodiscard]] bool state_open(struct state *state);
void state_close(struct state *state);

// Adds events to the record, in one go. False: it could not be written, or what is there was changed:
// `problem` says which.
[[nodiscard]] bool state_record(struct state *state, const struct policy_record *records,
                                size_t count);

// Checks the record from its first line on; false when there is none.
[[nodiscard]] bool state_verify(struct state *state, struct policy_verification *found);

[[nodiscard]] uint64_t state_now(void); // seconds since 1970
