// SPDX-License-Identifier: MIT
// The slots of the Mappings by which a program sees its pages. They come in blocks of 64 that follow one another, so that
// a fork clones a block with one call of the kernel, and an exit deletes one with another. Memory that is copied at a fork and
// memory that is shared have blocks of their own.
#pragma once

#include <kozo/stubs.h>
#include <stddef.h>
#include <stdint.h>

constexpr size_t BLOCK_SLOTS = 64;

// A slot of some block.
typedef uint32_t mapping_number;

// What is known of one Mapping.
struct mapping {
    uint64_t address;
    uint32_t pages;
    uint16_t live;  // pages of the program that this one shows
    uint8_t rights; // its bound
};

struct block {
    struct block *next, *previous; // of its address space and kind
    struct block *twin;            // while a fork goes on: the child's
    mapping_number first;
    uint64_t taken; // a bit for each slot
    bool shared;
    struct mapping mapping[BLOCK_SLOTS];
};

// An empty block; null when memory is used up.
[[nodiscard]] struct block *block_make(bool shared);
// Deletes all Mappings of a block, and gives it back.
void block_destroy(struct block *block);

// How many blocks there are.
[[nodiscard]] size_t blocks_there(void);

// The block of a Mapping, and what is known of that.
[[nodiscard]] struct block *block_of(mapping_number number);
static inline struct mapping *mapping_at(mapping_number number)
{
    return &block_of(number)->mapping[number % BLOCK_SLOTS];
}
[[nodiscard]] uint64_t mapping_slot(mapping_number number);
