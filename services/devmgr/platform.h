// SPDX-License-Identifier: MIT
// What this process has of the machine, and what it asks init for: Frames of registers, and of memory
// that devices reach.
#pragma once

#include <kozo/stubs.h>

#include "pci.h"

struct platform {
    struct pci_access access;
    struct pci_probe *probe; // that is under way, over the ends of this process too
    struct kozo_irq_control interrupts;
    struct kozo_untyped memory; // for IrqHandlers
    struct kozo_address_space space;
    uint64_t next_slot;    // free ones, counted on
    uint64_t next_address; // free ones of this process
};

// Asks init for the Frame of registers: whole pages of a power of two. Handle 0: there is none.
[[nodiscard]] struct kozo_frame platform_registers(struct platform *platform, uint64_t base,
                                                   uint64_t size);

// Maps such registers into this process. Null: it can't be.
[[nodiscard]] volatile uint8_t *platform_see(struct platform *platform, uint64_t base,
                                             uint64_t size);

// Asks init for the memory that a device reaches, which is the device's for good. `frame` is the answer.
[[nodiscard]] enum kozo_error platform_dma(struct platform *platform, uint64_t device,
                                           uint64_t size, struct kozo_frame *frame);
