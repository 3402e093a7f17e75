// SPDX-License-Identifier: MIT
// What one client uses of the store, and the most that it may: pages of contents, and pages in which
// the tables about them are kept. So a client pays for its tables too, and can exhaust nobody's
// memory but its own.
//
// Tables are made of blocks of 64 numbers. A page holds 16 of them; it is taken with its first block
// and given back with its last.
#pragma once

#include "store.h"

constexpr unsigned BLOCK_ENTRIES = 64;
constexpr uint32_t BLOCK_NONE = 0;

struct account {
    struct store *store;
    uint64_t limit;
    uint64_t used;
    uint32_t tables; // the first of its pages of tables, or STORE_NONE
};

void account_start(struct account *account, struct store *store, uint64_t limit);

// Counts pages that lie elsewhere. False: that is more than the limit.
[[nodiscard]] bool account_charge(struct account *account, uint64_t pages);
void account_discharge(struct account *account, uint64_t pages);

// Takes a page of zeros; STORE_NONE when the limit or the store forbids it.
[[nodiscard]] uint32_t account_take(struct account *account);

// Gives one use of a page up.
void account_give(struct account *account, uint32_t page);

// Takes a block of zeros; BLOCK_NONE when there is none.
[[nodiscard]] uint32_t account_block_take(struct account *account);
void account_block_give(struct account *account, uint32_t block);

// The numbers in a block.
[[nodiscard]] uint32_t *account_block(const struct account *account, uint32_t block);
