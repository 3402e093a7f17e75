// SPDX-License-Identifier: MIT
// PCI configuration space: finding functions, their memory and their capabilities (PCI Local Bus
// Specification 3.0, chapter 6, and PCI Express Base Specification, section 7).
//
// How a register is reached (ports or memory) is the caller's affair. What the registers say is not
// trusted: every list is bounded, and a function can only describe itself.
#pragma once

#include <stdint.h>

// Bus, device, function, as configuration requests have them: bits 8-15, 3-7, 0-2.
struct pci_address {
    uint16_t number;
};

// Reads or writes 1, 2 or 4 bytes at an offset that is a multiple of that. A function that is not
// there reads as all ones.
struct pci_access {
    void *context;
    uint32_t (*read)(void *context, struct pci_address address, uint16_t offset, uint8_t bytes);
    void (*write)(void *context, struct pci_address address, uint16_t offset, uint8_t bytes,
                  uint32_t value);
};

struct pci_function {
    struct pci_address address;
    uint16_t vendor;
    uint16_t device;
    uint32_t class;    // class, subclass, interface: 24 bits
    uint8_t header;    // 0: a device, 1: a bridge
    uint8_t secondary; // a bridge's bus below
};

constexpr uint16_t PCI_COMMAND = 0x04;
constexpr uint16_t PCI_COMMAND_PORTS = 1 << 0;
constexpr uint16_t PCI_COMMAND_MEMORY = 1 << 1;
constexpr uint16_t PCI_COMMAND_MASTER = 1 << 2; // may reach memory by itself
constexpr uint16_t PCI_COMMAND_NO_LINE = 1 << 10;

constexpr uint8_t PCI_CAPABILITY_MSI = 0x05;
constexpr uint8_t PCI_CAPABILITY_VENDOR = 0x09;
constexpr uint8_t PCI_CAPABILITY_MSIX = 0x11;

constexpr unsigned PCI_BARS = 6;

// What a base address register asks for.
struct pci_bar {
    bool is_ports;
    bool is_wide; // takes the next register too
    uint64_t address;
    uint64_t size; // 0: not used
};

// A walk over all functions, by number: of bus 0, and of the buses that bridges lead to, which
// firmware numbered so that each comes after its bridge.
struct pci_walk {
    const struct pci_access *access;
    uint32_t next;
    uint64_t behind[4]; // buses that a bridge leads to, one bit each
};

// The next function that is there. False: that was all.
[[nodiscard]] bool pci_walk_next(struct pci_walk *walk, struct pci_function *function);

// What a probe changes for a moment, noted beforehand. Kept where it outlives the one who probes, it
// lets another undo a probe that came to no end: the device would be where the ones say otherwise. All
// zeros: there is none.
struct pci_probe {
    bool under_way;
    bool is_wide;
    uint16_t function; // its address
    uint16_t offset;   // of the register
    uint16_t command;
    uint32_t low;
    uint32_t high;
};

// Learns what a device's register asks for, by writing ones to it while the device is deaf; all is
// as before afterwards. Nothing else may use the device meanwhile.
[[nodiscard]] struct pci_bar pci_bar_probe(const struct pci_access *access,
                                           const struct pci_function *function, unsigned index,
                                           struct pci_probe *probe);

// Makes all as it was before a probe, if one is under way. May itself be broken off, and done again.
void pci_bar_restore(const struct pci_access *access, struct pci_probe *probe);

// The offset of the first capability of this kind after `after` (0: from the start), or 0.
[[nodiscard]] uint16_t pci_capability(const struct pci_access *access,
                                      const struct pci_function *function, uint8_t kind,
                                      uint16_t after);

// Sets and clears bits of the command register.
void pci_command(const struct pci_access *access, const struct pci_function *function, uint16_t set,
                 uint16_t clear);
