// SPDX-License-Identifier: MIT
// Untyped memory by halves: gives Untyped capabilities of 2^n bytes and takes them back.
//
// An Untyped can only be carved from its start upwards, and starts again when everything carved
// from it is gone. So memory is split in two halves down to the size that is wanted; a half that
// comes back waits for the other one, and when both are there they are deleted and their parent is
// whole again. Whoever takes a piece may retype it freely and must revoke it before giving it back.
//
// The allocator touches the kernel through two functions, so that it can be tested anywhere.
#pragma once

#include <kozo/slots.h>
#include <stddef.h>
#include <stdint.h>

constexpr size_t KOZO_MEMORY_PIECES = 1024;
constexpr unsigned KOZO_MEMORY_LEAST = 12; // log2 of the smallest piece

struct kozo_memory_operations {
    // Carves `count` Untypeds of 2^order bytes out of `untyped` into slots from `first` on.
    bool (*split)(uint64_t untyped, unsigned order, uint64_t first, size_t count);
    // Empties a slot.
    void (*drop)(uint64_t slot);
};

enum kozo_piece_state : uint8_t {
    KOZO_PIECE_UNUSED, // no piece at all
    KOZO_PIECE_FREE,
    KOZO_PIECE_SPLIT,
    KOZO_PIECE_TAKEN,
};

struct kozo_piece {
    uint64_t slot;
    uint16_t parent; // number of the piece it is half of; itself for one without parent
    uint16_t other;  // number of the other half
    uint16_t next;   // in the list of free pieces of its order, or of unused ones
    uint8_t order;
    enum kozo_piece_state state;
    bool first_half;
};

struct kozo_memory {
    const struct kozo_memory_operations *operations;
    struct kozo_slots *slots;
    uint64_t free;  // bytes in free pieces
    uint64_t total; // bytes in all
    size_t
        halves; // slots that hold halves of pieces: how many depends on the order of all use so far
    uint16_t unused;
    uint16_t free_list[64]; // by order
    struct kozo_piece piece[KOZO_MEMORY_PIECES];
};

void kozo_memory_start(struct kozo_memory *memory, struct kozo_slots *slots,
                       const struct kozo_memory_operations *operations);

// Adds an Untyped of `size` bytes at physical address `base`, with nothing carved from it. A size
// that is no power of two is cut into such pieces; what is less than a smallest piece at either end
// is left out. Gives the bytes that became usable.
uint64_t kozo_memory_add(struct kozo_memory *memory, uint64_t slot, uint64_t base, uint64_t size);

struct kozo_taken {
    uint64_t slot; // 0: there was too little memory, or no slot left
    uint16_t piece;
};

// Takes 2^order bytes.
[[nodiscard]] struct kozo_taken kozo_memory_take(struct kozo_memory *memory, unsigned order);

// log2 of the largest piece that can be taken now so that at least `keep` bytes stay free; 0 when
// there is none.
[[nodiscard]] unsigned kozo_memory_largest(const struct kozo_memory *memory, uint64_t keep);

// Gives a piece back; its Untyped has no children.
void kozo_memory_give(struct kozo_memory *memory, uint16_t piece);

// log2 of the smallest power of two that is not less than `size`.
[[nodiscard]] unsigned kozo_order_of(uint64_t size);

// The operations that ask the kernel.
extern const struct kozo_memory_operations kozo_memory_kernel;
