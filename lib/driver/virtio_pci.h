// SPDX-License-Identifier: MIT
// A virtio device on PCI, the modern form (Virtual I/O Device 1.2, sections 2.1, 3.1 and 4.1).
//
//   virtio_pci_find ──▶ virtio_pci_start ──▶ virtio_pci_queue … ──▶ virtio_pci_run
//        where its registers are   reset, features agreed upon    queues     works
//
// Whoever has found the device may be somebody else than its driver: find reads configuration space,
// the others only the registers, which the driver has mapped.
#pragma once

#include "pci.h"
#include "virtqueue.h"

constexpr uint16_t VIRTIO_VENDOR = 0x1af4;
constexpr uint16_t VIRTIO_DEVICE_FIRST = 0x1040; // plus the number of the kind of device

enum virtio_kind : uint16_t {
    VIRTIO_BLOCK = 2,
    VIRTIO_CONSOLE = 3,
    VIRTIO_ENTROPY = 4,
};

constexpr uint64_t VIRTIO_FEATURE_VERSION_1 = 1ULL << 32;

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

// The device as its driver has it: where the parts are mapped.
struct virtio_device {
    volatile uint8_t *common;
    volatile uint8_t *notify;
    volatile uint8_t *interrupt;
    volatile uint8_t *device;
    uint32_t notify_length;
    uint32_t notify_factor;
    uint64_t features; // agreed upon
};

// Finds the parts. False: it is no modern virtio device, or what it says about itself does not fit
// its memory; `sizes` are the bytes of its BARs.
[[nodiscard]] bool virtio_pci_find(const struct pci_access *access,
                                   const struct pci_function *function,
                                   const uint64_t sizes[PCI_BARS], struct virtio_layout *layout);

// Resets the device and agrees on features: those of `wanted` that it has, and VERSION_1, without
// which it fails. False: the device does not do as the specification says.
[[nodiscard]] bool virtio_pci_start(struct virtio_device *device, uint64_t wanted);

// How many descriptors a queue may have, at most VIRTQUEUE_MOST; 0: there is no such queue.
[[nodiscard]] uint16_t virtio_pci_queue_size(const struct virtio_device *device, uint16_t index);

constexpr uint16_t VIRTIO_NO_VECTOR = 0xffff;

// Hands a queue over. Vector: the number of the MSI-X entry, or VIRTIO_NO_VECTOR. Returns the
// register to which the queue's index is written when there is something new in it; nothing if the
// device refuses.
[[nodiscard]] volatile uint16_t *virtio_pci_queue(const struct virtio_device *device,
                                                  uint16_t index, const struct virtqueue *queue,
                                                  uint16_t vector);

// All queues are set up: the device may begin.
void virtio_pci_run(const struct virtio_device *device);

// Reads why it interrupts by its line, which ends the interrupt: bit 0 queues, bit 1 configuration.
[[nodiscard]] uint8_t virtio_pci_cause(const struct virtio_device *device);

// Stops the device: it no longer reaches into memory once this is done. False: it does not stop.
[[nodiscard]] bool virtio_pci_stop(const struct virtio_device *device);
