// SPDX-License-Identifier: MIT
// --learn: a program runs with everything of this host to read, but for files that hold secrets, and what it
// changes is kept for this run only; what it opened and changed becomes a proposal for its profile. Each path
// stands there exactly as it was opened. Secrets that it tried, and folders whose names it listed (to give a folder is to give all that
// is in it), are proposed as comments only.
//
// The file server notes what is opened, in memory that it shares with the runner; the guest has no part
// in that. What was changed the guest alone can tell.
#pragma once

#include "../share/place.h"
#include "changed.h"

// Makes the shared memory. Before the file server starts. False without memory.
[[nodiscard]] bool learn_begin(void);

// For the file server: whether a path in a place is a secret, which is noted; and that one was opened.
[[nodiscard]] bool learn_hides(const struct place *place, const char *path);
void learn_opened(const struct place *place, const char *path, bool directory);

// Writes the profile. False: it can't be written.
[[nodiscard]] bool learn_write(const char *file, const char *program, const struct told *changed);
