// SPDX-License-Identifier: MIT
// What the driver of one device holds of it: a Frame of its registers, its IrqHandler, and a Frame of
// memory that both reach.
//
// A device has its slots for good: the objects in them are made at the first claim, and drivers get
// copies, which are taken back.
#pragma once

#include "platform.h"

struct holding {
    bool claimed;
    size_t owner;                // the place of the session that claimed it
    struct kozo_frame frame;     // of its registers; handle 0 before the first claim
    struct kozo_irq_handler irq; // likewise
    struct kozo_frame shared;    // likewise
    uint64_t shared_size;        // bytes of it
};

// Makes the memory that both reach, with at least so many bytes; 0 for as many as is usual. `device`:
// any number that tells this device from others. NO_MEMORY: there is none, or an earlier claim made less.
[[nodiscard]] enum kozo_error holding_share(struct holding *holding, struct platform *platform,
                                            uint64_t device, uint64_t wanted);

// Takes back what the driver has of it.
void holding_take_back(struct holding *holding);
