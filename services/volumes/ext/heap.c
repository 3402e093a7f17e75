// SPDX-License-Identifier: MIT
// Memory for libext2fs, which asks for it as programs do: malloc and its kin, out of a fixed piece.
// Blocks have sizes that are powers of two; one that was given back is taken by the next that asks
// for its size. When all is gone, the answer is null, which libext2fs can bear.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

constexpr size_t ARENA = 5 << 19;
constexpr unsigned LEAST = 5; // log2 of the smallest block
constexpr unsigned ORDERS = 23;

// Before each block that is taken; in a free one, the next free one follows.
struct block {
    uint64_t order;
    uint64_t size; // as it was asked for
};
static_assert(sizeof(struct block) == 16);

static struct {
    alignas(16) uint8_t arena[ARENA];
    size_t used;
    struct block *free[ORDERS];
} heap;

static struct block **next_of(struct block *block)
{
    return (struct block **)(block + 1);
}

static unsigned order_of(size_t size)
{
    unsigned order = LEAST;
    while (1ul << order < size + sizeof(struct block)) {
        order++;
    }
    return order;
}

void *malloc(size_t size)
{
    if (size > ARENA) {
        return nullptr;
    }
    unsigned order = order_of(size);
    struct block *block = heap.free[order];
    if (block != nullptr) {
        heap.free[order] = *next_of(block);
    } else if (ARENA - heap.used >= 1ul << order) {
        block = (struct block *)(heap.arena + heap.used);
        heap.used += 1ul << order;
    } else {
        return nullptr;
    }
    *block = (struct block){.order = order, .size = size};
    return block + 1;
}

void free(void *memory)
{
    if (memory != nullptr) {
        struct block *block = (struct block *)memory - 1;
        *next_of(block) = heap.free[block->order];
        heap.free[block->order] = block;
    }
}

void *calloc(size_t count, size_t size)
{
    size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        return nullptr;
    }
    void *memory = malloc(bytes);
    if (memory != nullptr) {
        memset(memory, 0, bytes);
    }
    return memory;
}

void *realloc(void *memory, size_t size)
{
    void *larger = malloc(size);
    if (memory != nullptr && larger != nullptr) {
        size_t before = ((struct block *)memory - 1)->size;
        memcpy(larger, memory, before < size ? before : size);
        free(memory);
    }
    return larger;
}
