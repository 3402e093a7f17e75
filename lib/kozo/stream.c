// SPDX-License-Identifier: MIT
#include <kozo/stream.h>

size_t kozo_stream_put(struct kozo_index *index, uint32_t *own, uint8_t *ring, uint32_t size,
                       const char *bytes, size_t length)
{
    uint32_t room = kozo_index_room(&index->tail, *own, size);
    size_t count = length < room ? length : room;
    for (size_t i = 0; i < count; i++) {
        ring[(*own + i) % size] = (uint8_t)bytes[i];
    }
    *own += (uint32_t)count;
    kozo_index_set(&index->head, *own);
    return count;
}

size_t kozo_stream_take(struct kozo_index *index, uint32_t *own, const uint8_t *ring, uint32_t size,
                        char *bytes, size_t most)
{
    uint32_t there = kozo_index_count(&index->head, *own, size);
    size_t count = most < there ? most : there;
    for (size_t i = 0; i < count; i++) {
        bytes[i] = (char)ring[(*own + i) % size];
    }
    *own += (uint32_t)count;
    kozo_index_set(&index->tail, *own);
    return count;
}
