// SPDX-License-Identifier: MIT
// A gate lets one strand at a time through: for objects whose operations copy from or to a program's memory, which
// may wait, and must still look like one step to everybody else.
#pragma once

#include "../core/strand.h"

struct gate {
    bool taken;
    struct wait_queue queue;
};

static inline void gate_enter(struct gate *gate)
{
    while (gate->taken) {
        struct wait wait = {};
        wait_enter(&wait, &gate->queue);
        if (gate->taken) {
            (void)wait_through(NO_DEADLINE);
        }
        wait_leave(&wait);
    }
    gate->taken = true;
}

static inline void gate_leave(struct gate *gate)
{
    gate->taken = false;
    if (gate->queue.first != nullptr) {
        (void)wait_wake(&gate->queue, 1);
    }
}
