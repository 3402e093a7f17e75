// SPDX-License-Identifier: MIT
// Refused paths: what this sandbox was not given. Each answers EACCES whether there is such a file or not, so that nothing is
// learnt from it; a short list of system files that programs can do without answers ENOENT. All are noted for the report.
#pragma once

#include "path.h"

// Notes that a name in a folder was refused; gives what the program is told.
[[nodiscard]] int64_t refusal_of(const struct entry *folder, struct name name);

// A refused path and how often, in the order of the first time; null behind the last.
struct refusal {
    char *path;
    uint32_t size; // of the piece that the path lies in
    uint32_t count;
    bool optional; // programs do without it
};
[[nodiscard]] const struct refusal *refusal_at(unsigned place);
// How often there was no room to note one.
[[nodiscard]] uint64_t refusals_not_noted(void);

void refusals_clear(void);
