// SPDX-License-Identifier: MIT
// Making names, for calls of several families.
#pragma once

#include "path.h"

// Fills in owner, group and permissions of what the caller makes in a folder.
void new_node_fill(struct new_node *what, const struct node *folder, uint32_t mode);

// Makes a node with the name of an entry that has none. 0 or an error.
[[nodiscard]] int64_t entry_make(struct entry *entry, const struct new_node *what);

// Walks to a name that is not there yet; -EEXIST when it is.
[[nodiscard]] int64_t path_walk_new(int64_t folder, struct user path, struct walked *walked);
