// SPDX-License-Identifier: MIT
// A virtio device on PCI, the modern form (Virtual I/O Device 1.2, section 4.1): where its registers
// are, and how they are reached.
//
// Whoever has found the device may be somebody else than its driver: find reads configuration space,
// the transport only the registers, which the driver has mapped.
#pragma once

#include "pci.h"
#include "virtio.h"

constexpr uint16_t VIRTIO_VENDOR = 0x1af4;
constexpr uint16_t VIRTIO_DEVICE_FIRST = 0x1040; // plus the number of the kind of device

// Part of a BAR.
struct virtio_part {
    uint8_t bar;
    uint32_t offset;
    uint32_t length;
};

// What devmgr tells the driver.
struct virtio_layout {
    struct virtio_part common;
    struct virtio_part notify;
    struct virtio_part interrupt;
    struct virtio_part device; // length 0: none
    uint32_t notify_factor;    // bytes between the notification registers of queues
};

// Finds the parts. False: it is no modern virtio device, or what it says about itself does not fit
// its memory; `sizes` are the bytes of its BARs.
[[nodiscard]] bool virtio_pci_find(const struct pci_access *access,
                                   const struct pci_function *function,
                                   const uint64_t sizes[PCI_BARS], struct virtio_layout *layout);

// Interrupts are messages of MSI-X, the first one for all queues.
extern const struct virtio_transport virtio_pci_transport;
