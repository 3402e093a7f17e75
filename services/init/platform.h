// SPDX-License-Identifier: MIT
// What belongs to the machine and is given to one service, the device manager: device memory, and
// the memory that devices reach by themselves. It stays init's; that service has copies, and what
// it makes of them is taken back when its next life begins.
#pragma once

#include <kozo/protocol.h>

#include "physical.h"

struct init;

struct platform {
    struct physical registers;
    struct kozo_frame dma; // handle 0: not asked for yet
    uint64_t dma_size;
    uint64_t given; // a slot for what an answer carries; 0 at first
};

// Takes back everything that was given.
void platform_take_back(struct init *init);

// Requests of the Platform protocol, from a program that may make them.
[[nodiscard]] struct kozo_message platform_serve(struct kozo_caller *caller,
                                                 const struct kozo_message *message);
