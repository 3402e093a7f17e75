// SPDX-License-Identifier: MIT
// Configuration space in memory (PCI Express Base Specification, section 7.2.2): 4 KiB of each
// function, 1 MiB of each bus, of which a bus is mapped when it is first looked at.
#pragma once

#include "platform.h"

struct ecam {
    struct platform *platform;
    uint64_t base; // physical address of bus 0
    uint64_t first_bus;
    uint64_t last_bus;
    volatile uint8_t *bus[256]; // null: not mapped yet, or can't be
    bool tried[256];
};

// Asks init where it is. False: the machine has none.
[[nodiscard]] bool ecam_start(struct ecam *ecam, struct platform *platform);

void ecam_access(struct pci_access *access, struct ecam *ecam);
