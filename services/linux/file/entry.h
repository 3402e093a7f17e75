// SPDX-License-Identifier: MIT
// The cache of names: all entries, found by parent and name. Part of path.h that only path.c needs.
#pragma once

#include "path.h"

// The entry of a name in a folder, counted. When there is no such name: -ENOENT, or an entry without a node if `absent`.
// May wait for the file system.
[[nodiscard]] int64_t entry_look(struct entry *folder, struct name name, bool absent,
                                 struct entry **entry);

// The entry of a name, with a node in the place of whatever the file system has there. It takes the node's count over; the
// entry is counted, and stays only as long as something is mounted over it. Null: no memory.
[[nodiscard]] struct entry *entry_cover(struct entry *folder, struct name name, struct node *node);

// An entry that has no place in the tree, for a node that has no name but what /proc/self/fd shows; takes the node's count
// over. Null: no memory.
[[nodiscard]] struct entry *entry_alone(struct node *node, const char *name);

// Gives up what nobody counts, and the path buffers: when memory is short, and at the end of tests.
void entries_clear(void);
void path_buffers_clear(void);

// Undoes all mounts, for the end of tests: nothing may be in use by then.
void path_unmount_all(void);
