// SPDX-License-Identifier: MIT
// The names of a folder that linuxd keeps itself: found by hash, and in the order of their making, in which they are listed. A
// name never changes its place, so a list goes on behind it whatever came and went meanwhile.
#pragma once

#include "node.h"

struct folder_name {
    struct folder_name *bucket_next;
    struct folder_name *previous, *next;
    uint64_t place; // in the order of the list
    void *what;     // that has the name
    uint32_t hash;
    uint8_t length;
    char bytes[];
};

// All zero: no names.
struct folder_names {
    struct folder_name **bucket;
    uint32_t buckets; // a power of two, or 0
    uint32_t count;
    struct folder_name *first, *last;
    uint64_t next_place;
};

// Null: there is no such name.
[[nodiscard]] struct folder_name *folder_name_find(const struct folder_names *names,
                                                   struct name name);

// A name that is in no list yet, and room for it; null: no memory.
[[nodiscard]] struct folder_name *folder_name_make(struct folder_names *names, struct name name);
void folder_name_free(struct folder_name *name);

// Adds one that was made.
void folder_name_put(struct folder_names *names, struct folder_name *name, void *what);

// Takes a name out and frees it; gives what had it.
void *folder_name_take(struct folder_names *names, struct folder_name *name);

// Frees the table, when no name is left.
void folder_names_end(struct folder_names *names);
