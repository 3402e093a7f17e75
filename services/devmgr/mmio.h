// SPDX-License-Identifier: MIT
// A virtio device on no bus, which the kernel's command line names (virtio_words.h), and its claim.
//
//            mmio_claim
//    FREE ──────────────▶ CLAIMED: reaches memory as its driver tells it
//      ▲                      │
//      └──── mmio_release ────┘ what the driver had is taken back, and the device reset
//
// Nothing but a reset keeps such a device from memory, and whoever has its registers can undo that. So
// the manager sees the registers too, and a driver loses them before the device is reset.
#pragma once

#include "holding.h"
#include "virtio_mmio.h"
#include "virtio_words.h"

struct mmio {
    struct virtio_word word;
    uint16_t kind;               // of virtio device
    struct virtio_device device; // as the manager sees it
    struct holding holding;
};

// Looks for the device that a word names, and resets it. Null, or why it can't be used, for a person.
[[nodiscard]] const char *mmio_find(struct mmio *mmio, struct platform *platform,
                                    const struct virtio_word *word);

// Makes a device ready for its driver. BAD_STATE: it has one, or its interrupt is somebody else's.
// NO_MEMORY: there is not as much as `wanted` bytes of memory that both reach.
[[nodiscard]] enum kozo_error mmio_claim(struct mmio *mmio, struct platform *platform, size_t owner,
                                         uint64_t wanted);

// Takes back what was given, then stops the device.
void mmio_release(struct mmio *mmio);

// Where its registers are in the page that the driver gets.
[[nodiscard]] uint64_t mmio_offset(const struct mmio *mmio);
