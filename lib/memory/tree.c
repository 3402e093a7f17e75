// SPDX-License-Identifier: MIT
#include "tree.h"

constexpr unsigned LEVELS = 4;
constexpr unsigned BITS = 6;
static_assert(1UL << (LEVELS * BITS) == TREE_LENGTH && 1U << BITS == BLOCK_ENTRIES);

static uint32_t *entry(const struct account *account, uint32_t block, uint64_t index,
                       unsigned level)
{
    return account_block(account, block) + (index >> (level * BITS) & (BLOCK_ENTRIES - 1));
}

uint32_t tree_get(const struct account *account, struct tree tree, uint64_t index)
{
    uint32_t number = tree.root;
    for (unsigned level = LEVELS; level > 0 && number != 0; level--) {
        number = *entry(account, number, index, level - 1);
    }
    return number;
}

bool tree_set(struct account *account, struct tree *tree, uint64_t index, uint32_t value)
{
    uint32_t *place = &tree->root;
    for (unsigned level = LEVELS; level > 0; level--) {
        if (*place == BLOCK_NONE && value == 0) {
            return true;
        }
        if (*place == BLOCK_NONE) {
            *place = account_block_take(account);
        }
        if (*place == BLOCK_NONE) {
            return false;
        }
        place = entry(account, *place, index, level - 1);
    }
    *place = value;
    return true;
}

// The level at which the way to an index ends at nothing; LEVELS + 1 when it is set.
static unsigned gap_at(const struct account *account, struct tree tree, uint64_t index)
{
    uint32_t number = tree.root;
    unsigned level = LEVELS;
    while (number != 0 && level > 0) {
        level--;
        number = *entry(account, number, index, level);
    }
    return number != 0 ? LEVELS + 1 : level;
}

uint64_t tree_next(const struct account *account, struct tree tree, uint64_t from)
{
    uint64_t index = from;
    while (index < TREE_LENGTH) {
        unsigned gap = gap_at(account, tree, index);
        if (gap > LEVELS) {
            return index;
        }
        index = ((index >> (gap * BITS)) + 1) << (gap * BITS);
    }
    return TREE_LENGTH;
}

void tree_end(struct account *account, struct tree *tree)
{
    // The block of each level on the way down, and how far it has been looked through.
    uint32_t block[LEVELS] = {tree->root};
    unsigned at[LEVELS] = {};
    unsigned depth = tree->root != BLOCK_NONE ? 1 : 0;
    while (depth > 0) {
        unsigned top = depth - 1;
        bool leaf = depth == LEVELS;
        while (!leaf && at[top] < BLOCK_ENTRIES &&
               account_block(account, block[top])[at[top]] == 0) {
            at[top]++;
        }
        if (leaf || at[top] == BLOCK_ENTRIES) {
            account_block_give(account, block[top]);
            depth--;
            continue;
        }
        block[depth] = account_block(account, block[top])[at[top]++];
        at[depth++] = 0;
    }
    tree->root = BLOCK_NONE;
}
