// SPDX-License-Identifier: MIT
// One PCI function.
//
//            function_claim
//    FREE ────────────────────▶ CLAIMED: decodes its registers, may reach memory, may interrupt
//      ▲                            │
//      └──────── function_release ──┘ deaf and dumb; what the driver had of it is taken back
//
// A claim that fails half-way leaves what it made for the next.
#pragma once

#include "holding.h"
#include "virtio_pci.h"

struct function {
    struct pci_function pci;
    struct holding holding;
    uint64_t bar;                // that the driver gets, or FUNCTION_VIRTIO; of the first claim
    struct virtio_layout layout; // of a virtio device
    struct pci_bar registers;    // the BAR that the driver gets
    volatile uint8_t *vectors;   // the page of its MSI-X table, once it was seen
};

// A virtio device says by itself which BAR holds its registers.
constexpr uint64_t FUNCTION_VIRTIO = UINT64_MAX;

// What a driver asks for.
struct function_claim {
    size_t owner;    // place of its session
    uint64_t bar;    // whose registers it needs, or FUNCTION_VIRTIO
    uint64_t wanted; // least bytes of memory that both reach
};

// Makes a function that nobody has harmless: it can't reach memory.
void function_silence(const struct platform *platform, const struct function *function);

// Makes a function ready for its driver. BAD_ARGUMENT: it has no such BAR in memory. BAD_STATE: it
// has a driver, was claimed with another BAR before, or can't be used.
[[nodiscard]] enum kozo_error function_claim(struct platform *platform, struct function *function,
                                             const struct function_claim *claim);

// Stops the device, then takes back what was given.
void function_release(struct platform *platform, struct function *function);
