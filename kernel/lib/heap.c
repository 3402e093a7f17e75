// SPDX-License-Identifier: MIT
#include "lib/heap.h"

static uint32_t rank(link_t object, size_t offset)
{
    return object == 0 ? 0 : heap_node(object, offset)->rank;
}

// Puts the children of a node in order. Whether its rank is another now.
static bool settle(struct heap_node *node, size_t offset)
{
    uint32_t before = node->rank;

    if (rank(node->left, offset) < rank(node->right, offset)) {
        link_t left = node->left;
        node->left = node->right;
        node->right = left;
    }
    node->rank = rank(node->right, offset) + 1;
    return node->rank != before;
}

static void hang(link_t child, link_t parent, size_t offset)
{
    if (parent != 0) {
        heap_node(parent, offset)->right = child;
    }
    if (child != 0) {
        heap_node(child, offset)->up = parent;
    }
}

// Joins two heaps: down along the right children of both, and up again. Gives the root.
static link_t join(link_t a, link_t b, size_t offset)
{
    link_t root = 0;
    link_t last = 0;

    while (a != 0 && b != 0) {
        if (heap_node(b, offset)->key < heap_node(a, offset)->key) {
            link_t other = a;
            a = b;
            b = other;
        }
        hang(a, last, offset);
        root = root == 0 ? a : root;
        last = a;
        a = heap_node(a, offset)->right;
    }
    link_t rest = a != 0 ? a : b;
    hang(rest, last, offset);
    for (link_t at = last; at != 0; at = heap_node(at, offset)->up) {
        (void)settle(heap_node(at, offset), offset);
    }
    return root == 0 ? rest : root;
}

void heap_add(link_t *root, link_t object, size_t offset, uint64_t key)
{
    *heap_node(object, offset) = (struct heap_node){.key = key, .rank = 1};
    *root = join(*root, object, offset);
}

void heap_remove(link_t *root, link_t object, size_t offset)
{
    struct heap_node *node = heap_node(object, offset);
    link_t below = join(node->left, node->right, offset);
    link_t at = node->up;

    if (below != 0) {
        heap_node(below, offset)->up = at;
    }
    if (at == 0) {
        *root = below;
    } else if (heap_node(at, offset)->left == object) {
        heap_node(at, offset)->left = below;
    } else {
        heap_node(at, offset)->right = below;
    }
    while (at != 0 && settle(heap_node(at, offset), offset)) {
        at = heap_node(at, offset)->up;
    }
    *node = (struct heap_node){};
}
