// SPDX-License-Identifier: MIT
// A sparse row of numbers: what is not set is 0, and takes nothing. Four levels of blocks of an
// account, 64 numbers each.
#pragma once

#include "account.h"

constexpr uint64_t TREE_LENGTH = 1UL << 24; // indices are below this

struct tree {
    uint32_t root; // BLOCK_NONE while nothing is set
};

[[nodiscard]] uint32_t tree_get(const struct account *account, struct tree tree, uint64_t index);

// Sets a number. False: there is no block for it, and nothing has changed but blocks without
// numbers. Setting 0, or what was set before, can't fail.
[[nodiscard]] bool tree_set(struct account *account, struct tree *tree, uint64_t index,
                            uint32_t value);

// The least index from `from` on that is set; TREE_LENGTH when none is.
[[nodiscard]] uint64_t tree_next(const struct account *account, struct tree tree, uint64_t from);

// Gives all blocks back.
void tree_end(struct account *account, struct tree *tree);
