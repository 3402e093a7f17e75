// SPDX-License-Identifier: MIT
#include "tree.h"

static uint32_t random_priority(void)
{
    static uint64_t state = 0x9e37'79b9'7f4a'7c15;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32);
}

static void renew(struct tree_node *node)
{
    uint64_t most = node->value;
    if (node->left != nullptr && node->left->most > most) {
        most = node->left->most;
    }
    if (node->right != nullptr && node->right->most > most) {
        most = node->right->most;
    }
    node->most = most;
}

static void renew_upward(struct tree_node *node)
{
    for (; node != nullptr; node = node->up) {
        renew(node);
    }
}

// The link that leads to a node.
static struct tree_node **link_to(struct tree *tree, const struct tree_node *node)
{
    if (node->up == nullptr) {
        return &tree->root;
    }
    return node->up->left == node ? &node->up->left : &node->up->right;
}

// Lets a node and its parent change places.
static void rotate_up(struct tree *tree, struct tree_node *node)
{
    struct tree_node *parent = node->up;
    *link_to(tree, parent) = node;
    node->up = parent->up;
    parent->up = node;
    struct tree_node **inner = parent->left == node ? &node->right : &node->left;
    struct tree_node **outer = parent->left == node ? &parent->left : &parent->right;
    *outer = *inner;
    if (*outer != nullptr) {
        (*outer)->up = parent;
    }
    *inner = parent;
    renew(parent);
    renew(node);
}

void tree_insert(struct tree *tree, struct tree_node *node)
{
    struct tree_node **link = &tree->root;
    struct tree_node *up = nullptr;
    while (*link != nullptr) {
        up = *link;
        link = node->key < up->key ? &up->left : &up->right;
    }
    *link = node;
    node->up = up;
    node->left = nullptr;
    node->right = nullptr;
    node->priority = random_priority();
    renew_upward(node);
    while (node->up != nullptr && node->up->priority < node->priority) {
        rotate_up(tree, node);
    }
}

void tree_remove(struct tree *tree, struct tree_node *node)
{
    while (node->left != nullptr && node->right != nullptr) {
        bool left = node->left->priority > node->right->priority;
        rotate_up(tree, left ? node->left : node->right);
    }
    struct tree_node *child = node->left != nullptr ? node->left : node->right;
    *link_to(tree, node) = child;
    if (child != nullptr) {
        child->up = node->up;
    }
    renew_upward(node->up);
}

void tree_set_value(struct tree_node *node, uint64_t value)
{
    node->value = value;
    renew_upward(node);
}

struct tree_node *tree_floor(const struct tree *tree, uint64_t key)
{
    struct tree_node *found = nullptr;
    struct tree_node *node = tree->root;
    while (node != nullptr) {
        if (node->key <= key) {
            found = node;
            node = node->right;
        } else {
            node = node->left;
        }
    }
    return found;
}

struct tree_node *tree_ceiling(const struct tree *tree, uint64_t key)
{
    struct tree_node *found = nullptr;
    struct tree_node *node = tree->root;
    while (node != nullptr) {
        if (node->key >= key) {
            found = node;
            node = node->left;
        } else {
            node = node->right;
        }
    }
    return found;
}

struct tree_node *tree_first(const struct tree *tree)
{
    return tree_ceiling(tree, 0);
}

struct tree_node *tree_next(const struct tree_node *node)
{
    if (node->right != nullptr) {
        struct tree_node *next = node->right;
        while (next->left != nullptr) {
            next = next->left;
        }
        return next;
    }
    while (node->up != nullptr && node->up->right == node) {
        node = node->up;
    }
    return node->up;
}

struct tree_node *tree_previous(const struct tree_node *node)
{
    if (node->left != nullptr) {
        struct tree_node *previous = node->left;
        while (previous->right != nullptr) {
            previous = previous->right;
        }
        return previous;
    }
    while (node->up != nullptr && node->up->left == node) {
        node = node->up;
    }
    return node->up;
}

struct tree_node *tree_last_with(const struct tree *tree, uint64_t value)
{
    struct tree_node *node = tree->root;
    if (node == nullptr || node->most < value) {
        return nullptr;
    }
    while (true) {
        if (node->right != nullptr && node->right->most >= value) {
            node = node->right;
        } else if (node->value >= value) {
            return node;
        } else {
            node = node->left;
        }
    }
}
