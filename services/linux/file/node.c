// SPDX-License-Identifier: MIT
// Nodes in general: their counts.
#include "node.h"

void node_keep(struct node *node)
{
    node->count++;
}

void node_drop(struct node *node)
{
    if (--node->count > 0) {
        return;
    }
    node->operations->drop(node);
}
