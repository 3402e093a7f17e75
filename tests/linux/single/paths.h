// SPDX-License-Identifier: MIT
// What stat tells, and making a file.
#pragma once

#include <calls.h>

static struct stat told;

static inline int64_t stat_of(const char *path)
{
    return SYS(stat, AT(path), AT(&told));
}

static inline int64_t make(const char *path)
{
    int64_t file = SYS(open, AT(path), O_CREAT | O_WRONLY | O_EXCL, 0666);
    if (file >= 0) {
        (void)SYS(close, (uint64_t)file);
    }
    return file < 0 ? file : 0;
}
