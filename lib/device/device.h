// SPDX-License-Identifier: MIT
// A virtio device that this process has claimed: its registers and the memory shared with it, both
// mapped, and its interrupt, which arrives as a signal.
//
// The process is given: a session with `devmgr`, `driver`, `self`, and `memory` for page tables.
#pragma once

#include <kozo/stubs.h>

#include "virtio_pci.h"

struct device {
    bool is_absent; // the machine has no such device
    struct virtio_device virtio;
    struct kozo_irq_handler irq;
    struct kozo_slot shared_slot; // the Frame of the memory that both see
    uint8_t *shared;              // where it is mapped
    uint64_t physical;            // where the device finds it
    uint64_t size;                // bytes of it
    uint64_t free_slot;           // the first slot that the claim left free
};

// Claims the number-th device of a kind, with at least `wanted` bytes of memory that both see. Null,
// or what is wrong, for a person.
[[nodiscard]] const char *device_claim(struct device *device, uint64_t kind, uint64_t number,
                                       uint64_t wanted);
