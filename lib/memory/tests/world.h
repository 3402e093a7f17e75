// SPDX-License-Identifier: MIT
// A small machine for tests of lib/memory: its pages are an array, what clients see is a list, and a
// touch goes the way that a processor and a fault handler go.
#pragma once

#include "vmm.h"

constexpr uint32_t WORLD_PAGES = 128; // that there can be
constexpr uint32_t WORLD_PIECE = 16;  // that a growth brings

struct world_view {
    bool live;
    size_t client;
    uint32_t page;
    uint64_t address;
    uint64_t rights;
};

struct world {
    struct vmm vmm;
    uint32_t grown;    // pages
    unsigned refusals; // so many of the next `show` fail
    unsigned faults;
    struct world_view view[VMM_SLOTS];
    uint32_t page[WORLD_PAGES][STORE_PAGE_SIZE / 4];
};

void world_start(struct world *world);

struct world_touch {
    enum kozo_error error;
    uint32_t *word; // what was touched
};

// Touches a word as a program would, with a right.
[[nodiscard]] struct world_touch world_touch(struct world *world, size_t client, uint64_t address,
                                             uint64_t access);

// Null, or which invariant does not hold.
[[nodiscard]] const char *world_check(const struct world *world);
