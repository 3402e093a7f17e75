// SPDX-License-Identifier: MIT
// What sentences about descriptors have in common.
#pragma once

#include <calls.h>

static inline int64_t open_new(const char *path)
{
    return SYS(open, AT(path), O_CREAT | O_RDWR, 0644);
}

static inline int64_t lock(uint64_t file, int command, int type, int64_t start, int64_t size)
{
    struct flock lock = {
        .l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = size};
    return SYS(fcntl, file, (uint64_t)command, AT(&lock));
}
