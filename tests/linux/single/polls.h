// SPDX-License-Identifier: MIT
// A pipe to wait for, and an epoll file that watches it.
#pragma once

#include <calls.h>

static int32_t ends[2];

// Two descriptors: 0 to read, 1 to write.
static inline void pipe_world(void)
{
    fresh();
    CHECK(SYS(pipe, AT(ends)) == 0);
}

static inline int64_t watch(uint64_t epoll, int operation, uint64_t file, uint32_t events,
                            uint64_t data)
{
    struct epoll_event event = {.events = events, .data.u64 = data};
    return SYS(epoll_ctl, epoll, (uint64_t)operation, file, AT(&event));
}

static struct epoll_event event[8];

static inline int64_t look(uint64_t epoll, uint64_t most)
{
    return SYS(epoll_wait, epoll, AT(event), most, 0);
}
