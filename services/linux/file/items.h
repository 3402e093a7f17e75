// SPDX-License-Identifier: MIT
// File systems whose contents are told when they are asked for: /proc and /sys. Each is a table of items, a tree by the index
// of the folder that an item is in; in some folders names are numbers, which stand for processes, threads or descriptors.
#pragma once

#include "node.h"
#include "path.h"

// What an item is about, when it is below a number.
struct place {
    uint16_t item;
    uint32_t process;
    uint32_t number; // thread or descriptor
};

// Text that is being told; what does not fit the 64 KiB that a file of this kind may have is left out.
struct text {
    char *bytes;
    size_t used;
    size_t room;
};

[[gnu::format(printf, 2, 3)]]
void text_put(struct text *text, const char *format, ...);
void text_put_bytes(struct text *text, const char *bytes, size_t size);

struct item {
    const char *name; // null: a number
    uint16_t inside;  // index of its folder; the root is item 0, inside itself
    uint32_t mode;
    const char *fixed; // its text, when that never changes
    int64_t (*tell)(const struct place *place, struct text *text);
    // Takes what a program writes.
    int64_t (*take)(const struct place *place, const char *bytes, size_t size);
    int64_t (*link)(const struct place *place, char *target, size_t size);
    int64_t (*jump)(const struct place *place, struct entry **entry);
    // Of a folder with numbers: the first number from `from` on, or -1; and the item that they are.
    int64_t (*next)(const struct place *place, uint32_t from);
    uint16_t numbered;
    // Whether the place is still there; null: that of the process in it.
    bool (*there)(const struct place *place);
};

// The root of a file system of items, counted once; null when memory is used up.
[[nodiscard]] struct node *items_system(const char *type, uint32_t device, uint64_t magic,
                                        const struct item *items, uint16_t count);
void items_system_drop(struct node *root);
