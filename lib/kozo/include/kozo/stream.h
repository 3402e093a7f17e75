// SPDX-License-Identifier: MIT
// One producer, one consumer, and a ring between them whose other index may be a lie: a count that
// can't be is taken for an empty or full ring, and nothing outside of it is ever touched.
#pragma once

#include <kozo/session.h>

// What there is to consume. `own` is the consumer's own index.
[[nodiscard]]
static inline uint32_t kozo_index_count(const uint32_t *head, uint32_t own, uint32_t size)
{
    uint32_t count = __atomic_load_n(head, __ATOMIC_ACQUIRE) - own;
    return count <= size ? count : 0;
}

// What may be produced. `own` is the producer's own index.
[[nodiscard]]
static inline uint32_t kozo_index_room(const uint32_t *tail, uint32_t own, uint32_t size)
{
    uint32_t count = own - __atomic_load_n(tail, __ATOMIC_ACQUIRE);
    return count <= size ? size - count : 0;
}

static inline void kozo_index_set(uint32_t *index, uint32_t value)
{
    __atomic_store_n(index, value, __ATOMIC_RELEASE);
}

// Puts bytes into a ring of a power of two bytes and moves the producer's index. Gives how many.
[[nodiscard]]
size_t kozo_stream_put(struct kozo_index *index, uint32_t *own, uint8_t *ring, uint32_t size,
                       const char *bytes, size_t length);

// Takes bytes out of such a ring and moves the consumer's index. Gives how many.
[[nodiscard]]
size_t kozo_stream_take(struct kozo_index *index, uint32_t *own, const uint8_t *ring, uint32_t size,
                        char *bytes, size_t most);
