// SPDX-License-Identifier: MIT
// A virtio device as its driver has it, the modern form (Virtual I/O Device 1.2, sections 2.1 and 3.1).
//
//   virtio_start ──▶ virtio_queue … ──▶ virtio_run ──▶ virtio_stop
//   reset, features agreed upon   queues     works      is as at first
//
// How its registers are reached is the transport's affair: a small table of what differs between PCI
// (virtio_pci.h) and registers in memory (virtio_mmio.h). No function here makes a system call.
#pragma once

#include "virtqueue.h"

enum virtio_kind : uint16_t {
    VIRTIO_BLOCK = 2,
    VIRTIO_CONSOLE = 3,
    VIRTIO_ENTROPY = 4,
};

constexpr uint64_t VIRTIO_FEATURE_VERSION_1 = 1ULL << 32;

// The register that tells a device of what is new in a queue.
struct virtio_bell {
    volatile uint8_t *place; // null: the device refused the queue
    uint16_t index;          // of the queue
    bool is_wide;            // takes 32 bits rather than 16
};

struct virtio_device;

// What differs between transports. Each function does what its register does, and no more.
struct virtio_transport {
    uint8_t (*status)(const struct virtio_device *device);
    void (*set_status)(const struct virtio_device *device, uint8_t status);
    uint64_t (*offered)(const struct virtio_device *device); // features
    void (*accept)(const struct virtio_device *device, uint64_t features);
    uint32_t (*queue_most)(const struct virtio_device *device, uint16_t index); // descriptors
    struct virtio_bell (*queue)(const struct virtio_device *device, uint16_t index,
                                const struct virtqueue *queue);
    void (*answer)(const struct virtio_device *device); // to the interrupt that it holds
};

// Where the parts of a device are mapped. What only PCI has is null and 0 elsewhere.
struct virtio_device {
    const struct virtio_transport *transport;
    volatile uint8_t *common;
    volatile uint8_t *notify; // only with PCI, as its length and factor
    volatile uint8_t *device; // registers of its kind
    uint32_t notify_length;
    uint32_t notify_factor;
    uint64_t features; // agreed upon
};

// Resets the device and agrees on features: those of `wanted` that it has, and VERSION_1, without
// which it fails. False: the device does not do as the specification says.
[[nodiscard]] bool virtio_start(struct virtio_device *device, uint64_t wanted);

// How many descriptors a queue may have, at most VIRTQUEUE_MOST; 0: there is no such queue.
[[nodiscard]] uint16_t virtio_queue_size(const struct virtio_device *device, uint16_t index);

// Hands a queue over; its interrupt is the device's one. No place: the device refuses.
[[nodiscard]] struct virtio_bell virtio_queue(const struct virtio_device *device, uint16_t index,
                                              const struct virtqueue *queue);

// All queues are set up: the device may begin.
void virtio_run(const struct virtio_device *device);

// Tells the device that there is something new in a queue.
void virtio_ring(const struct virtio_bell *bell);

// Ends the interrupt that the device holds, where it holds one until then. What it was about is asked
// for afterwards: all that comes later is another interrupt.
void virtio_answer(const struct virtio_device *device);

// Stops the device: it no longer reaches into memory once this is done. False: it does not stop.
[[nodiscard]] bool virtio_stop(const struct virtio_device *device);
