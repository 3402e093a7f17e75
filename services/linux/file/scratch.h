// SPDX-License-Identifier: MIT
// A layer over a place of the host that may only be read: what programs change there is kept in RAM, for this run only.
//
// A node of the layer stands for a node below, for one that was made in this run, or for both: then the one above counts. The
// contents of a file come up when it is first changed. A folder keeps no copy of what is below, only the names by which it
// differs: those that were added, and those that were taken away. So folders are moved as cheaply as files, and what has two
// names below still has two when it has changed.
#pragma once

#include "file.h"
#include "folder_names.h"
#include "gate.h"
#include "node.h"

struct scratch_node {
    struct node node;
    struct node *below; // counted; null: it was made in this run
    struct node *above; // counted, a nameless node in RAM; null: it is as it was
    struct scratch_node *hash_next;
    struct folder_names
        names;        // of a folder: each with a counted node, or null for one that was taken away
    int64_t links;    // names that were added, less those that were taken away
    bool kept;        // it counts itself, since it differs from what is below
    struct gate gate; // held while contents come up
};

static inline struct scratch_node *scratch_of(const struct node *node)
{
    return node->own;
}

// The layer over a file system, by the root of that, whose count is taken over. Null, and that count dropped: no memory.
[[nodiscard]] struct node *scratch_system(struct node *root, uint32_t device);

// Gives up a layer that nobody uses, by its root, whose count is dropped; not what is below.
void scratch_system_drop(struct node *root);

// The node of one below, whose count is taken over.
[[nodiscard]] struct node_result scratch_over(struct file_system *system, struct node *below);

// The node whose contents and attributes count.
static inline struct node *scratch_now(const struct scratch_node *scratch)
{
    return scratch->above != nullptr ? scratch->above : scratch->below;
}

// Makes that one above, with the first `size` bytes of what is below. May wait.
[[nodiscard]] int64_t scratch_bring_up(struct scratch_node *scratch, uint64_t size);

// scratch_file.c: open files.
[[nodiscard]] int64_t scratch_open(struct node *node, struct file *file);
// Copies contents from one node to another.
[[nodiscard]] int64_t scratch_copy(struct node *from, struct node *to, uint64_t size);
// Whether a folder shows no name; 0, -ENOTEMPTY, or an error.
[[nodiscard]] int64_t scratch_empty(const struct scratch_node *folder);
