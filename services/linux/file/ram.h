// SPDX-License-Identifier: MIT
// Files in RAM: the private part of a sandbox's tree (/tmp, /run, /dev/shm, the root itself), and memfd. Contents lie in pages
// that mappings share; all of it comes out of the sandbox's memory, and ENOSPC is the answer when that is used up.
#pragma once

#include "../memory/backing.h"
#include "file.h"
#include "folder_names.h"
#include "gate.h"
#include "node.h"

// Contents of a file: leaves of pages in the order of the file; null and 0 are holes.
constexpr uint32_t LEAF_PAGES = 512;
struct ram_contents {
    page_number **leaf;
    uint32_t leaves;
    uint64_t pages; // in use
};

struct ram_attribute;

struct ram_node {
    struct node node;
    uint64_t links;
    uint64_t size;
    uint64_t special;
    uint64_t accessed, modified, changed, born; // nanoseconds since 1970
    struct gate gate;                           // held while contents change
    uint32_t seals;
    char *target;            // of a link: `size` bytes
    struct ram_node *parent; // of a folder
    struct folder_names names;
    struct ram_contents contents;
    struct ram_attribute *attributes; // the newest first
};

// A file system of its own; its root folder, counted once. Null when memory is used up.
[[nodiscard]] struct node *ram_system(const char *source, uint32_t device, uint32_t mode);

static inline struct ram_node *ram_of(const struct node *node)
{
    return node->own;
}

// A node that has no name yet, counted once. Null when memory is used up.
[[nodiscard]] struct ram_node *ram_make(struct file_system *system, uint32_t mode);

// ram_file.c: contents.
[[nodiscard]] int64_t ram_open(struct node *node, struct file *file);
[[nodiscard]] int64_t ram_set_size(struct ram_node *node, uint64_t size);
void ram_free_contents(struct ram_node *node);

// ram_attribute.c: extended attributes.
[[nodiscard]] int64_t ram_attribute(struct node *node, struct name name, uint8_t *value,
                                    size_t room);
[[nodiscard]] int64_t ram_attributes(struct node *node, char *names, size_t room);
[[nodiscard]] int64_t ram_set_attribute(struct node *node, struct name name, const uint8_t *value,
                                        size_t size, uint32_t flags);
[[nodiscard]] int64_t ram_remove_attribute(struct node *node, struct name name);
void ram_free_attributes(struct ram_node *node);

[[nodiscard]] int64_t ram_add_seals(struct file *file, uint32_t seals);
[[nodiscard]] int64_t ram_seals(struct file *file);

// ram.c: the names of a folder.
[[nodiscard]] int64_t ram_list(struct file *file, struct transfer *transfer);

// Gives up a file system that nobody uses, by its root, whose count is dropped.
void ram_system_drop(struct node *root);
