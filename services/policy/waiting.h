// SPDX-License-Identifier: MIT
// Questions that wait for an answer, in the order in which they were asked. A question has two digits
// of its own, so that an answer can't be taken for that to another one. Silence is a "no".
#pragma once

#include "question.h"

constexpr size_t WAITING_MOST = 16;
constexpr uint64_t WAITING_NANOSECONDS = POLICY_SILENCE * 1'000'000'000;

struct waiting {
    uint64_t number; // of the client's request; 0: this place is free
    size_t place;
    uint64_t instance;
    unsigned digits;
    uint64_t deadline; // of the monotonic clock
    const char *program;
    struct policy_permission permission;
};

// Adds a question; null when there are too many, or when this client waits for an answer already.
[[nodiscard]] struct waiting *waiting_add(const struct waiting *wish);

// The question at a place in their order; null behind the last.
[[nodiscard]] struct waiting *waiting_at(size_t place);

// The question that a line answers, and how; null when there is none.
[[nodiscard]] struct waiting *waiting_answered(const char *line, size_t length,
                                               struct policy_consent *consent);

// One whose time is over at `now`; null when there is none.
[[nodiscard]] struct waiting *waiting_late(uint64_t now);

// Forgets a question.
void waiting_drop(struct waiting *waiting);
