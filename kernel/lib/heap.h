// SPDX-License-Identifier: MIT
// A heap of objects, lowest key first, through nodes inside of them.
//
// It is a leftist heap: of a node's two subtrees, the right one has the shorter way to an empty
// place. So the path along right children, which is all that joining two heaps looks at, has at
// most log2(n + 1) nodes, and adding and removing any node are logarithmic. No recursion, and no
// memory but the nodes.
//
// Invariant H1: a node's key is at most those below it, its rank is one more than that of its right
// child (0 for none), which is at most that of its left child, and its children name it as `up`.
#pragma once

#include <stddef.h>

#include "lib/link.h"

struct heap_node {
    uint64_t key;
    link_t left, right, up; // the objects that the neighbours are in
    uint32_t rank;          // 0: in no heap
};

// All objects of a heap have their node at the same offset.
static inline struct heap_node *heap_node(link_t object, size_t offset)
{
    return (struct heap_node *)((unsigned char *)link_target(object) + offset);
}

// Adds an object whose node is in no heap. `root` is the object with the lowest key; 0 when empty.
void heap_add(link_t *root, link_t object, size_t offset, uint64_t key);

// Removes an object, wherever in the heap it is.
void heap_remove(link_t *root, link_t object, size_t offset);
