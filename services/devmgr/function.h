// SPDX-License-Identifier: MIT
// One PCI function, and what the kernel knows of it: Frames of its registers and an IrqHandler.
//
//            function_claim
//    FREE ────────────────────▶ CLAIMED: decodes its registers, may reach memory, may interrupt
//      ▲                            │
//      └──────── function_release ──┘ deaf and dumb; what the driver had of it is taken back
//
// A function has its slots for good: the objects in them are made at the first claim.
#pragma once

#include <kozo/stubs.h>

#include "virtio_pci.h"

struct function {
    struct pci_function pci;
    bool claimed;
    size_t owner; // the place of the session that claimed it
    struct virtio_layout layout;
    struct pci_bar registers;    // the BAR that holds all parts
    struct kozo_frame frame;     // of that BAR; handle 0 before the first claim
    struct kozo_irq_handler irq; // likewise
    struct kozo_frame shared;    // likewise
    uint64_t shared_size;        // bytes of it
    volatile uint8_t *vectors;   // the MSI-X table, mapped
};

// Memory that functions share with their drivers: pieces of it, and how many there are in all.
constexpr uint64_t FUNCTION_SHARED = 0x40000;
constexpr uint64_t FUNCTION_SHARES = 8;

// What functions are made with.
struct platform {
    struct pci_access access;
    struct kozo_irq_control interrupts;
    struct kozo_untyped memory; // for IrqHandlers
    struct kozo_frame dma;
    uint64_t shares; // pieces of it that functions have
    struct kozo_address_space space;
    uint64_t next_slot;    // free ones, counted on
    uint64_t next_address; // free ones of this process
};

// Makes a function that nobody has harmless: it can't reach memory.
void function_silence(const struct platform *platform, const struct function *function);

// Makes a function ready for its driver, with at least `wanted` bytes of memory that both reach.
[[nodiscard]] enum kozo_error function_claim(struct platform *platform, struct function *function,
                                             size_t owner, uint64_t wanted);

// Stops the device, then takes back what was given.
void function_release(struct platform *platform, struct function *function);
