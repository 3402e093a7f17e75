// SPDX-License-Identifier: MIT
// Paths that are kept for the report at the end, each once, in the order of their first time. There is room for so many; what comes
// beyond that is counted.
#pragma once

#include <stdint.h>

constexpr unsigned NOTED_MOST = 1024;

struct noted {
    char *path;
    uint32_t size; // of the piece that it lies in
    uint32_t how;  // of whoever notes it; 0 at first
};

struct noted_paths {
    unsigned count;
    uint64_t missed; // how often there was no room
    struct noted path[NOTED_MOST];
};

// The note of a path, made if there is none; null without room for it.
struct noted *noted_add(struct noted_paths *paths, const char *path);

// Forgets a path with all that was noted below it; all paths if it is empty.
void noted_take_out(struct noted_paths *paths, const char *path);
