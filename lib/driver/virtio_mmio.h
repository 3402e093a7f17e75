// SPDX-License-Identifier: MIT
// A virtio device whose registers are in memory, without a bus that could be asked for it (Virtual I/O
// Device 1.2, section 4.2). Version 2 only: the legacy form, version 1, has other queues.
#pragma once

#include "virtio.h"

constexpr uint64_t VIRTIO_MMIO_REGISTERS = 0x100; // bytes of those that each device has

// What is there, by the registers that each device has for that.
enum virtio_mmio_found : int {
    VIRTIO_MMIO_NOTHING, // no such registers, or no device behind them
    VIRTIO_MMIO_LEGACY,
    VIRTIO_MMIO_UNKNOWN, // of a version that came later
    VIRTIO_MMIO_GOOD,
};

struct virtio_mmio_look {
    enum virtio_mmio_found found;
    uint16_t kind; // when it is good
};

// Reads three registers and changes nothing.
[[nodiscard]] struct virtio_mmio_look virtio_mmio_look(const volatile uint8_t *registers);

// The device behind registers that are mapped.
[[nodiscard]] struct virtio_device virtio_mmio_device(volatile uint8_t *registers);
