// SPDX-License-Identifier: MIT
// A queue of bytes of fixed size.
#pragma once

#include <stddef.h>
#include <stdint.h>

constexpr size_t RING_SIZE = 4096;

struct ring {
    size_t first;
    size_t count;
    char byte[RING_SIZE];
};

static inline size_t ring_room(const struct ring *ring)
{
    return RING_SIZE - ring->count;
}

// Adds a byte; false when the queue is full.
static inline bool ring_put(struct ring *ring, char byte)
{
    if (ring->count == RING_SIZE) {
        return false;
    }
    ring->byte[(ring->first + ring->count++) % RING_SIZE] = byte;
    return true;
}

// The bytes that lie together at the front; drop as many as were used.
static inline size_t ring_front(const struct ring *ring, const char **bytes)
{
    *bytes = ring->byte + ring->first;
    size_t together = RING_SIZE - ring->first;
    return ring->count < together ? ring->count : together;
}

static inline void ring_drop(struct ring *ring, size_t count)
{
    ring->first = (ring->first + count) % RING_SIZE;
    ring->count -= count;
}
