// SPDX-License-Identifier: MIT
// The files of a CPIO archive as a tree. The archive stays where it is; this is an index of it, made
// once. Folders that only names of files tell of are there too. The root is node 1.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "serve.h"

constexpr size_t TREE_BUCKETS = 4096;

struct tree_node {
    const char *name; // in the archive; the last part of a path
    uint32_t length;
    uint32_t kind;
    uint32_t parent;
    uint32_t chain; // next in the table of hashes
    uint32_t first; // of a folder
    uint32_t last;
    uint32_t next; // in the same folder
    uint32_t folders;
    const uint8_t *data;
    size_t size;
};

struct tree {
    size_t count; // nodes, node 0 included, which is none
    size_t most;
    struct tree_node *node;
    uint32_t bucket[TREE_BUCKETS];
};

// Nodes that an index of the archive has, at most.
[[nodiscard]] size_t tree_count(const uint8_t *archive, size_t size);

// Makes the index, in room for `most` nodes, two at least, all zeros. False when the archive is damaged
// or has more files; what came before that is there.
[[nodiscard]] bool tree_start(struct tree *tree, const uint8_t *archive, size_t size,
                              struct tree_node *nodes, size_t most);

[[nodiscard]] enum kozo_error tree_look(const struct tree *tree, uint64_t folder,
                                        struct volume_text name, uint64_t *node, uint32_t *kind);
[[nodiscard]] enum kozo_error tree_stat(const struct tree *tree, uint64_t node,
                                        struct kozo_node_stat *stat);
[[nodiscard]] enum kozo_error tree_read(const struct tree *tree, uint64_t node, uint64_t offset,
                                        uint8_t *bytes, size_t length, size_t *done);
[[nodiscard]] enum kozo_error tree_list(const struct tree *tree, uint64_t folder, uint64_t from,
                                        struct volume_listing *listing);
