// SPDX-License-Identifier: MIT
// A new file, and how long one is.
#pragma once

#include <calls.h>

static inline int64_t open_new(const char *path)
{
    return SYS(open, AT(path), O_CREAT | O_RDWR, 0644);
}

static inline uint64_t size_of(uint64_t file)
{
    struct stat told = {};
    CHECK(SYS(fstat, file, AT(&told)) == 0);
    return (uint64_t)told.st_size;
}
