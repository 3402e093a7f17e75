// SPDX-License-Identifier: MIT
// What a number (fid) of the guest stands for: a path in a place, and a descriptor once it was
// opened. The table owns them; a number lives from attach or walk to clunk.
#pragma once

#include <stdint.h>

#include "place.h"

// An extended attribute on its way: read and given in pieces, or coming in pieces and then set.
struct attribute {
    bool sets;
    uint32_t flags;
    size_t size;
    size_t done; // bytes that came
    char name[256];
    uint8_t bytes[]; // `size` of them
};

struct file {
    struct file *next; // in the table
    uint32_t number;
    int descriptor;  // -1 until it is opened
    bool directory;  // as it was when it was walked to
    bool writes;     // opened for writing
    bool taken_back; // what let it be reached has ended: it can only be closed
    const struct place *place;
    char *path;                  // owned
    struct attribute *attribute; // owned; null but for a number of an attribute
};

constexpr size_t FILE_MOST = 16'384; // numbers in use at a time

constexpr size_t ATTRIBUTE_MOST = 64; // attributes on their way at a time

struct file_table {
    size_t count;
    size_t attributes;
    struct file *bucket[1'024];
};

// Nothing: there is no such file.
[[nodiscard]] struct file *file_find(const struct file_table *table, uint32_t number);

// Adds a file that is not open. Takes a copy of the path. -EEXIST if the number is taken, -ENFILE
// at the limit.
[[nodiscard]] int file_add(struct file_table *table, uint32_t number, const struct place *place,
                           const char *path, bool directory);

// Lets a file stand for another path.
[[nodiscard]] int file_move(struct file *file, const char *path, bool directory);

// Lets a file stand for an extended attribute of it, with room for so many bytes. Null: there is no memory, or it does so
// already, or too many do.
[[nodiscard]] struct attribute *file_add_attribute(struct file_table *table, struct file *file,
                                                   size_t size);

// Closes it and forgets its number.
void file_remove(struct file_table *table, struct file *file);

void file_remove_all(struct file_table *table);

// After a rename: whatever is at the old path or below it is found at the new one. A path that
// would grow too long is left, and leads to nothing.
void file_renamed(struct file_table *table, const struct place *place, const char *from,
                  const char *to);
