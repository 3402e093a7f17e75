// SPDX-License-Identifier: MIT
// Whole files in memory, for host programs that make files out of files. Every failure ends the
// program with one line on stderr: a build step has nobody to hand an error to. What is read lives
// until the program ends.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct bytes {
    uint8_t *data;
    size_t size;
};

// Ends the program with exit status 1 and the line "PROGRAM: TEXT".
[[noreturn, gnu::format(printf, 1, 2)]] void fail(const char *format, ...);

// Memory filled with zeros.
[[nodiscard]] void *allocate(size_t size);

// The same memory with room for `size` bytes, at least one.
[[nodiscard]] void *reallocate(void *memory, size_t size);

[[nodiscard]] struct bytes file_read(const char *path);

// Replaces the file as a whole: no reader ever sees half of it. Zero blocks become holes.
void file_write(const char *path, struct bytes contents);

// The date that products carry: SOURCE_DATE_EPOCH in seconds since 1970, 0 when it is not set.
[[nodiscard]] uint64_t source_date(void);
