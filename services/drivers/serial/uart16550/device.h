// SPDX-License-Identifier: MIT
// One serial port, through the I/O ports that the driver was given.
#pragma once

#include <kozo/stubs.h>

struct device {
    struct kozo_io_port ports;
    uint64_t base;
    uint8_t interrupts; // enabled ones
};

// Sets the device up for 115,200 8N1 and enables the interrupt for received bytes. Bytes that were
// received before stay.
void device_start(struct device *device);

uint8_t device_read(const struct device *device, uint16_t offset);
void device_write(const struct device *device, uint16_t offset, uint8_t value);

// Turns an interrupt on or off.
void device_interrupt(struct device *device, uint8_t interrupt, bool on);
