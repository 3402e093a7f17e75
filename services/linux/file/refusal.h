// SPDX-License-Identifier: MIT
// Refused paths: what this sandbox was not given. Each answers EACCES whether there is such a file or not, so that nothing is
// learnt from it; a short list of system files that programs can do without answers ENOENT, and so does what programs look for in the
// person's home, which is private and empty. What may be seen and not changed answers EROFS. All are noted for the report, by the whole
// path that was asked for.
#pragma once

#include "entry.h"

enum refusal_kind : char {
    REFUSAL_READ = 'r',     // it was looked for
    REFUSAL_CHANGE = 'w',   // it was to be changed
    REFUSAL_OPTIONAL = 'o', // it was looked for, by programs that do without it
};

// A name in a folder was refused. Gives what the program is told, or LOOK_AGAIN when it was given after all.
[[nodiscard]] int64_t refusal_of(const struct entry *folder, struct name name,
                                 const struct asked *asked);

// Gives the error of a change to what an entry stands for. If it is that of a refusal, that is asked for, and the call begins again,
// or is noted.
[[nodiscard]] int64_t refusal_of_change(const struct entry *entry, int64_t error);

// A refused path and how often, in the order of the first time; null behind the last.
struct refusal {
    char *path;
    uint32_t size; // of the piece that the path lies in
    uint32_t count;
    enum refusal_kind kind;
};
[[nodiscard]] const struct refusal *refusal_at(unsigned place);
// How often there was no room to note one.
[[nodiscard]] uint64_t refusals_not_noted(void);

void refusals_clear(void);
