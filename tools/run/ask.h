// SPDX-License-Identifier: MIT
// Before a program runs: what its profile names is looked up in what was decided before, and asked for
// where nothing was. What is allowed is added to the grants of the run.
#pragma once

#include "grants.h"
#include "options.h"

// 0, or the exit status of the run; then a message was printed.
[[nodiscard]] int ask_for_profile(struct grants *grants, const struct options *options);

// Writes what happened in a run into the record: what was given, and what was blocked (`records`, as
// blocked.h has them). A message is printed when that fails.
void ask_record(const struct grants *grants, const struct options *options,
                const struct policy_permission *refused, size_t count);
