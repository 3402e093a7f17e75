// SPDX-License-Identifier: MIT
// A balanced tree whose nodes are part of what they order. Each node has a key, and a value of which every subtree knows the
// largest: so both "the last before this key" and "the last that has at least so much" take logarithmic time.
//
// It is a treap: nodes are in order by key, and a heap by random priorities, which nobody outside can guess.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct tree_node {
    struct tree_node *up, *left, *right;
    uint64_t key;
    uint64_t value;
    uint64_t most; // the largest value of this node and all below
    uint32_t priority;
};

struct tree {
    struct tree_node *root;
};

// Puts a node in, behind others of the same key. Key and value are filled in.
void tree_insert(struct tree *tree, struct tree_node *node);
void tree_remove(struct tree *tree, struct tree_node *node);
// Changes the value of a node that is in the tree.
void tree_set_value(struct tree_node *node, uint64_t value);

// The last node whose key is not above, the first one whose key is not below; null when there is none.
[[nodiscard]] struct tree_node *tree_floor(const struct tree *tree, uint64_t key);
[[nodiscard]] struct tree_node *tree_ceiling(const struct tree *tree, uint64_t key);
[[nodiscard]] struct tree_node *tree_first(const struct tree *tree);
[[nodiscard]] struct tree_node *tree_next(const struct tree_node *node);
[[nodiscard]] struct tree_node *tree_previous(const struct tree_node *node);
// The last node with at least this value.
[[nodiscard]] struct tree_node *tree_last_with(const struct tree *tree, uint64_t value);

// The structure that a node is part of.
#define TREE_OWNER(node, type, member)                                                             \
    ((node) == nullptr ? nullptr : (type *)((unsigned char *)(node) - offsetof(type, member)))
