// SPDX-License-Identifier: MIT
// /dev/kozo-permissions: what a program may do, as it can ask itself. A request is written, and what the host says about it is read, up
// to its end; then the next may be written. Nothing is decided here, and nothing is known here: whether the program may ask, and
// what it is told, is the host's.
#pragma once

#include "file.h"

constexpr size_t QUERY_REQUEST = 512; // bytes of a request at most, and one more
constexpr size_t QUERY_FILES = 16;    // that are open at once

// The way to the host. Both may wait.
struct query_way {
    void (*query)(uint64_t number, const char *request);
    void (*withdraw)(uint64_t number); // nobody waits for it any more
};

// From now on there is somebody to ask.
void query_begin(const struct query_way *way);

// ENXIO without anybody to ask; ENFILE when too many are open.
[[nodiscard]] int64_t query_open(struct file *file);

// The host has answered: a number, a space, and a text. Does not wait.
void query_told(const char *text, size_t size);
