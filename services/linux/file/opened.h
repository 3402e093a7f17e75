// SPDX-License-Identifier: MIT
// What of the host's files and folders was opened or executed, and how, noted by their whole path for the report; only where somebody
// wants that.
#pragma once

#include "path.h"

enum opened_how : uint32_t {
    OPENED_READ = 1,
    OPENED_WRITE = 2,
};

// From now on it is noted.
void opened_begin(void);

// Something was opened with these flags.
void opened_note(const struct entry *entry, uint32_t flags);

// A path and how it was opened, in the order of the first time; the path is null behind the last.
struct opened {
    const char *path;
    uint32_t how;
};
[[nodiscard]] struct opened opened_at(unsigned place);
// How often there was no room to note one.
[[nodiscard]] uint64_t opened_not_noted(void);

void opened_clear(void);
