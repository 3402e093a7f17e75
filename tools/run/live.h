// SPDX-License-Identifier: MIT
// From another terminal: what a run was given is listed, explained, taken back, and more is given (tools/common/runs.h). One
// comes at a time; who says nothing for two seconds has to come again.
#pragma once

#include "consent.h"

constexpr int LIVE_WATCHES = 2; // descriptors for poll()

struct live {
    int listener; // -1: nobody can come
    int client;   // -1: nobody is there
    int64_t until;
    size_t length;
    char request[640];
};

void live_begin(struct live *live);
void live_end(struct live *live);

void live_watch(const struct live *live, struct pollfd *list);
void live_take(struct live *live, const struct pollfd *list, struct consent *consent);
