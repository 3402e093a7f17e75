// SPDX-License-Identifier: MIT
// The cache of names: all entries, found by parent and name. Part of path.h that only path.c needs.
#pragma once

#include "path.h"

// How a name is asked for.
struct asked {
    bool absent;      // it need not be there
    bool changes;     // what the path leads to is to be changed
    bool quiet;       // by linuxd itself: nothing is noted, and nobody is asked
    bool settled;     // somebody was asked already
    const char *rest; // of the path, behind the name
};

constexpr int64_t LOOK_AGAIN =
    1; // what was refused was given meanwhile, and something may be mounted where the walk is

// The entry of a name in a folder, counted. When there is no such name: -ENOENT, or an entry without a node if `absent`.
// May wait for the file system, and for whoever decides about what this sandbox was not given.
[[nodiscard]] int64_t entry_look(struct entry *folder, struct name name, const struct asked *asked,
                                 struct entry **entry);

// The entry of a name, with a node in the place of whatever the file system has there. It takes the node's count over; the
// entry is counted, and stays only as long as something is mounted over it. Null: no memory.
[[nodiscard]] struct entry *entry_cover(struct entry *folder, struct name name, struct node *node);

// An entry that has no place in the tree, for a node that has no name but what /proc/self/fd shows; takes the node's count
// over. Null: no memory.
[[nodiscard]] struct entry *entry_alone(struct node *node, const char *name);

// What is known of names is to be asked for anew.
void entries_doubt(void);

// Calls a function, which must not wait, for each entry with a place in the tree.
void entries_each(void (*act)(struct entry *entry, void *context), void *context);

// Gives up what nobody counts, and the path buffers: when memory is short, and at the end of tests.
void entries_clear(void);
void path_buffers_clear(void);

// Undoes all mounts, for the end of tests: nothing may be in use by then.
void path_unmount_all(void);
