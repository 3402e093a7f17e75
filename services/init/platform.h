// SPDX-License-Identifier: MIT
// What belongs to the machine and is given to one service, the device manager: device memory, and
// the memory that devices reach by themselves. It stays init's; that service has copies, and what
// it makes of them is taken back when its next life begins.
#pragma once

#include <kozo/protocol.h>

#include "physical.h"

struct init;

constexpr size_t PLATFORM_DEVICES = 16; // that may have memory which they reach by themselves

struct platform_dma {
    uint64_t device;
    struct kozo_frame frame;
    uint64_t size; // bytes
};

struct platform {
    struct physical registers;
    size_t count;
    struct platform_dma dma[PLATFORM_DEVICES];
};

// Takes back everything that was given.
void platform_take_back(struct init *init);

// Requests of the Platform protocol, from a program that may make them.
[[nodiscard]] struct kozo_message platform_serve(struct kozo_caller *caller,
                                                 const struct kozo_message *message);
