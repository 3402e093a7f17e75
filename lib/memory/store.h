// SPDX-License-Identifier: MIT
// The pages that a memory service has, by number: which are free, and how many share each.
//
//   not there ── grow ──▶ FREE ── store_take ──▶ IN USE by one or more
//                           ▲                        │
//                           └── store_give, the last ─┘
//
// A page is filled with zeros when it is taken, so that nobody sees what another left in it.
#pragma once

#include <stdint.h>

constexpr uint32_t STORE_PAGES = 8192; // most of them
constexpr uint32_t STORE_NONE = UINT32_MAX;
constexpr uint64_t STORE_PAGE_SIZE = 4096;

struct store_operations {
    // Where a page is seen by this process.
    void *(*look)(void *context, uint32_t page);
    // Makes more pages, which get the next numbers. Gives how many; 0 when there is no more memory.
    uint32_t (*grow)(void *context);
};

struct store_page {
    uint32_t uses; // by objects; of a page of tables: which of its blocks are in use, as bits
    uint32_t next; // in the list of free pages, or of an account's tables
};

struct store {
    const struct store_operations *operations;
    void *context;
    uint32_t count; // pages that are there
    uint32_t free;  // of them
    uint32_t first_free;
    struct store_page page[STORE_PAGES];
};

void store_start(struct store *store, const struct store_operations *operations, void *context);

// Takes a page of zeros, with one use; STORE_NONE when there is none.
[[nodiscard]] uint32_t store_take(struct store *store);

// One use less. True when that was the last, and the page is free.
bool store_give(struct store *store, uint32_t page);

[[nodiscard]] void *store_look(const struct store *store, uint32_t page);
