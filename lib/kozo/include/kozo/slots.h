// SPDX-License-Identifier: MIT
// Which slots of a CNode are free: one bit a slot, in memory that the caller gives.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct kozo_slots {
    uint64_t *taken; // (count + 63) / 64 words
    size_t count;    // slots of the CNode that are looked after
    size_t hint;     // no free slot lies below
    size_t used;     // slots taken, those below the first included
};

// Starts with all slots below `first` taken and the others free. `words` has room for `count` bits.
void kozo_slots_start(struct kozo_slots *slots, uint64_t *words, size_t first, size_t count);

// Takes `count` consecutive slots and gives the first; 0 when there are no such.
[[nodiscard]] uint64_t kozo_slots_take(struct kozo_slots *slots, size_t count);

// Gives them back. They are empty by now.
void kozo_slots_give(struct kozo_slots *slots, uint64_t first, size_t count);
