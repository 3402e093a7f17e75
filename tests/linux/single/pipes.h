// SPDX-License-Identifier: MIT
// A pipe to try things on.
#pragma once

#include <calls.h>

static int32_t ends[2];

static inline void make_pipe(uint64_t flags)
{
    CHECK(SYS(pipe2, AT(ends), flags) == 0);
}

static inline uint64_t reader(void)
{
    return (uint64_t)ends[0];
}

static inline uint64_t writer(void)
{
    return (uint64_t)ends[1];
}
