// SPDX-License-Identifier: MIT
// A queue of bytes of fixed size.
#pragma once

#include <stddef.h>
#include <stdint.h>

constexpr size_t RING_SIZE = 4096;

struct ring {
    size_t first;
    size_t count;
    uint8_t byte[RING_SIZE];
};

static inline size_t ring_room(const struct ring *ring)
{
    return RING_SIZE - ring->count;
}

// Adds a byte; false when the queue is full.
static inline bool ring_put(struct ring *ring, uint8_t byte)
{
    if (ring->count == RING_SIZE) {
        return false;
    }
    ring->byte[(ring->first + ring->count++) % RING_SIZE] = byte;
    return true;
}

// Takes the oldest byte. The queue is not empty.
static inline uint8_t ring_take(struct ring *ring)
{
    uint8_t byte = ring->byte[ring->first];
    ring->first = (ring->first + 1) % RING_SIZE;
    ring->count--;
    return byte;
}

static inline void ring_clear(struct ring *ring)
{
    ring->count = 0;
}
