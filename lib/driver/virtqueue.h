// SPDX-License-Identifier: MIT
// The driver's side of a virtio queue (split ring; Virtual I/O Device 1.2, section 2.7).
//
// The device is not trusted. Whatever it could change in shared memory is kept a second time in
// private memory: which descriptors are free, which requests are under way, how many bytes each may
// get. What it reports is checked against that, and the first thing that can't be makes the queue
// broken: nothing is taken from it any more, and every request of it has failed.
//
//   FREE ── virtqueue_add ──▶ UNDER WAY ── virtqueue_take ──▶ FREE
//
// A queue belongs to one thread. It never waits.
#pragma once

#include <stddef.h>
#include <stdint.h>

constexpr uint16_t VIRTQUEUE_MOST = 256;   // descriptors of one queue
constexpr size_t VIRTQUEUE_ALIGNMENT = 16; // of its memory

// A piece of memory for the device.
struct virtqueue_buffer {
    uint64_t physical;
    uint32_t length; // bytes
    bool device_writes;
};

struct virtqueue_done {
    bool is_done;
    uint64_t token;   // as given to virtqueue_add
    uint32_t written; // bytes that the device says it wrote, never more than it might
};

// What is known of a descriptor without asking the memory that the device can change.
struct virtqueue_slot {
    uint16_t next;     // in the free list, or in the request
    uint16_t count;    // descriptors of the request that begins here; 0 if none does
    uint32_t writable; // bytes that the device may write
    uint64_t token;
};

struct virtqueue {
    uint8_t *memory; // shared with the device
    uint64_t physical;
    uint16_t size;
    uint16_t free; // how many descriptors
    uint16_t first_free;
    uint16_t given; // requests made available so far, modulo 2^16
    uint16_t taken; // requests taken back so far
    bool broken;
    struct virtqueue_slot slots[VIRTQUEUE_MOST];
};

// Where a device finds the three parts of a queue: physical addresses.
struct virtqueue_places {
    uint64_t descriptors;
    uint64_t driver;
    uint64_t device;
};

// Bytes of shared memory for a queue. The size is a power of two, at most VIRTQUEUE_MOST.
[[nodiscard]] size_t virtqueue_bytes(uint16_t size);

// Begins an empty queue in memory that is zeroed and aligned, at this physical address.
void virtqueue_begin(struct virtqueue *queue, void *memory, uint64_t physical, uint16_t size);

[[nodiscard]] struct virtqueue_places virtqueue_places(const struct virtqueue *queue);

// Gives the device one request of 1 or more buffers, those that it reads first. False: there are too
// few descriptors free just now, or the queue is broken; nothing has changed.
[[nodiscard]] bool virtqueue_add(struct virtqueue *queue, const struct virtqueue_buffer *buffers,
                                 uint16_t count, uint64_t token);

// Whether the device wants to be told of what was added.
[[nodiscard]] bool virtqueue_wants_notice(const struct virtqueue *queue);

// Takes back one request that the device is done with, if there is one.
[[nodiscard]] struct virtqueue_done virtqueue_take(struct virtqueue *queue);

// Asks for interrupts or does without. After asking, whoever would wait has to look once more.
void virtqueue_interrupts(struct virtqueue *queue, bool wanted);
