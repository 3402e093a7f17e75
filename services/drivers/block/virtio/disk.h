// SPDX-License-Identifier: MIT
// The disk as hardware: several requests at a time (Virtual I/O Device 1.2, section 5.2).
//
// The memory shared with the device holds the queue, for each request a header and the byte in which
// the device says how it went, and behind that, from DISK_FREE on, what the driver likes.
#pragma once

#include "device.h"

constexpr size_t DISK_REQUESTS = 8; // at a time
constexpr size_t DISK_FREE = 0x10000;

enum disk_command : uint32_t {
    DISK_READ = 0,
    DISK_WRITE = 1,
    DISK_FLUSH = 4,
};

struct disk {
    struct device device;
    struct virtqueue queue;
    struct virtio_bell bell;
    uint64_t blocks;
    bool writable;
    bool flushes;
    bool busy[DISK_REQUESTS];
};

struct disk_done {
    bool is_done;
    bool good;
    size_t request;
};

// Claims the disk and starts it. Null, or what is wrong.
[[nodiscard]] const char *disk_start(struct disk *disk, uint64_t number);

// A request that is free; DISK_REQUESTS when none is.
[[nodiscard]] size_t disk_free(const struct disk *disk);

// What a request asks for: `bytes` (0 for a flush) between the disk and the shared memory.
struct disk_request {
    enum disk_command command;
    uint32_t bytes;
    uint64_t block;
    uint64_t offset; // in the shared memory
};

// Gives a request to the disk. False: not now, or the queue is broken.
[[nodiscard]] bool disk_begin(struct disk *disk, size_t number, const struct disk_request *request);

// A request that the disk is done with.
[[nodiscard]] struct disk_done disk_next(struct disk *disk);
