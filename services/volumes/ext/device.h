// SPDX-License-Identifier: MIT
// The device below a volume, as libext2fs wants it. A process serves one volume, so there is one
// device; it is only read.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct struct_io_manager;

struct ext_device {
    void *context;
    uint64_t size; // bytes
    // Reads `bytes` at `offset`, which lie within the size. False: the device failed.
    bool (*read)(void *context, uint64_t offset, void *buffer, size_t bytes);
};

// What ext2fs_open takes; reads from the device that was set last.
extern struct struct_io_manager ext_device_manager;

void ext_device_set(const struct ext_device *device);
