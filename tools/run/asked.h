// SPDX-License-Identifier: MIT
// What the machine asks: for a path, for a file that is to be chosen, or to know something (query.h). Every byte of it
// may be a program's.
#pragma once

#include "permission.h"

struct asked {
    unsigned number; // of the machine's
    bool write;
    bool picks;       // a file that is to be chosen; `path` is why, or empty
    unsigned lease;   // of a command of sudo, under which it is asked for; 0: none
    char command[16]; // that asks under a lease, as the machine calls it
    bool query;       // `path` is a request
    char path[POLICY_SCOPE_SIZE];
};

// A record `NUMBER KIND PATH`, under sudo or for a file to be chosen `NUMBER KIND LEASE NAME PATH`, with a zero behind it. What is
// too long for a path is left empty. False: it is no such record.
[[nodiscard]] bool asked_read(const char *text, struct asked *asked);

// A record `NUMBER REQUEST`, with a zero behind it. False: it is none, or too long.
[[nodiscard]] bool asked_read_query(const char *text, struct asked *asked);
