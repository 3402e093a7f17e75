// SPDX-License-Identifier: MIT
// One PCI function, and what the kernel knows of it: Frames of its registers and an IrqHandler.
//
//            function_claim
//    FREE ────────────────────▶ CLAIMED: decodes its registers, may reach memory, may interrupt
//      ▲                            │
//      └──────── function_release ──┘ deaf and dumb; what the driver had of it is taken back
//
// A function has its slots for good: the objects in them are made at the first claim. One that fails
// half-way leaves what it made for the next.
#pragma once

#include <kozo/stubs.h>

#include "virtio_pci.h"

struct function {
    struct pci_function pci;
    bool claimed;
    uint64_t bar;                // that the driver gets, or FUNCTION_VIRTIO; of the first claim
    size_t owner;                // the place of the session that claimed it
    struct virtio_layout layout; // of a virtio device
    struct pci_bar registers;    // the BAR that the driver gets
    struct kozo_frame frame;     // of that BAR; handle 0 before the first claim
    struct kozo_irq_handler irq; // likewise
    volatile uint8_t *vectors;   // the page of its MSI-X table, once it was seen
    struct kozo_frame shared;    // likewise
    uint64_t shared_size;        // bytes of it
};

// A virtio device says by itself which BAR holds its registers.
constexpr uint64_t FUNCTION_VIRTIO = UINT64_MAX;

// What a driver asks for.
struct function_claim {
    size_t owner;    // place of its session
    uint64_t bar;    // whose registers it needs, or FUNCTION_VIRTIO
    uint64_t wanted; // least bytes of memory that both reach
};

// Bytes of memory that a function shares with a driver that does not say how many.
constexpr uint64_t FUNCTION_SHARED = 0x40000;

// What functions are made with.
struct platform {
    struct pci_access access;
    struct pci_probe *probe; // that is under way, over the ends of this process too
    struct kozo_irq_control interrupts;
    struct kozo_untyped memory; // for IrqHandlers
    struct kozo_address_space space;
    uint64_t next_slot;    // free ones, counted on
    uint64_t next_address; // free ones of this process
};

// Maps registers, whole pages of a power of two, into this process. Null: it can't be.
[[nodiscard]] volatile uint8_t *platform_see(struct platform *platform, uint64_t base,
                                             uint64_t size);

// Makes a function that nobody has harmless: it can't reach memory.
void function_silence(const struct platform *platform, const struct function *function);

// Makes a function ready for its driver. BAD_ARGUMENT: it has no such BAR in memory. BAD_STATE: it
// has a driver, was claimed with another BAR before, or can't be used.
[[nodiscard]] enum kozo_error function_claim(struct platform *platform, struct function *function,
                                             const struct function_claim *claim);

// Stops the device, then takes back what was given.
void function_release(struct platform *platform, struct function *function);
