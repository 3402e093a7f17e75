// SPDX-License-Identifier: MIT
// Whether all that a program needs to begin is there: its interpreter and its libraries, and theirs, as
// ld.so(8) would look for them. Nothing is run.
#pragma once

#include "view.h"

struct closure {
    int status;        // 0, or the exit status for what is wrong
    char problem[512]; // one sentence
};

// Checks the program at an absolute path. `name` is what a person calls it.
[[nodiscard]] struct closure closure_check(const struct view *view, const char *path,
                                           const char *name);
