// SPDX-License-Identifier: MIT
// The sandbox as a whole: what it was started with, and how it ends.
#pragma once

#include <stdint.h>

struct sandbox {
    uint64_t forks;
    uint64_t calls;
    bool traces;
    bool asks; // somebody is there to be asked for what is refused
    char host_name[65];
    uint64_t started; // realtime
};

extern struct sandbox sandbox;

// The first process has ended: so does linuxd, with its status.
[[noreturn]] void sandbox_end(int status);
