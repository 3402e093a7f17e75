// SPDX-License-Identifier: MIT
// A device that this process has claimed: its registers and the memory shared with it, both
// mapped, and its interrupt, which arrives as a signal.
//
// The process is given: a session with `devmgr`, `driver`, `self`, and `memory` for page tables.
#pragma once

#include <kozo/stubs.h>

#include "virtio.h"

struct device {
    bool is_absent;              // the machine has no such device
    struct virtio_device virtio; // of a virtio device
    volatile uint8_t *registers;
    uint64_t registers_size;
    struct kozo_irq_handler irq;
    struct kozo_slot shared_slot; // the Frame of the memory that both see
    uint8_t *shared;              // where it is mapped
    uint64_t physical;            // where the device finds it
    uint64_t size;                // bytes of it
    uint64_t free_slot;           // the first slot that the claim left free
};

// Claims the number-th virtio device of a kind, with at least `wanted` bytes of memory that both see. Null,
// or what is wrong, for a person.
[[nodiscard]] const char *device_claim(struct device *device, uint64_t kind, uint64_t number,
                                       uint64_t wanted);

// Claims the number-th device of an identity (vendor in bits 0-15, device in bits 16-31), with the
// registers of one of its BARs.
[[nodiscard]] const char *device_claim_pci(struct device *device, uint64_t identity,
                                           uint64_t number, uint64_t bar, uint64_t wanted);

// Answers an interrupt of a virtio device, at the device and at the kernel. Done before the work: an
// interrupt that comes during that is another one.
void device_answer(const struct device *device);
