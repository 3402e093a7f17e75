// SPDX-License-Identifier: MIT
// Files and folders that the client knows, by number, and the host's numbers (9P: fids) for each.
//
// A node has a path on the host by `walk`, and once it was opened a descriptor there by `read` and by
// `write`, which keeps it alive without a name. Its number comes from the host, so that the same file
// is the same node by whatever name it was found.
#pragma once

#include <kozo/protocol.h>
#include <stddef.h>
#include <stdint.h>

constexpr size_t NODES = 8448;      // more than the file server knows at a time
constexpr size_t NODE_CLIENTS = 64; // places of sessions
constexpr uint64_t NODE_ROOT = 1;

struct node {
    uint64_t number; // 0: free
    uint32_t kind;
    uint32_t walk; // NINE_NO_FILE: none
    uint32_t read;
    uint32_t write;
    uint64_t users; // one bit for each client that knows it
    bool opening;   // a request is about to open it
    uint16_t next;  // in its bucket, or of free ones
};

// Forgets everything.
void node_start(void);

// The node of a number; null when it is not known.
[[nodiscard]] struct node *node_find(uint64_t number);

// The same, made when it is not there; null when there are too many.
[[nodiscard]] struct node *node_get(uint64_t number, uint32_t kind);

void node_remove(struct node *node);

// The number for what the host calls by this one. 0 is nothing, and 1 the root.
[[nodiscard]] uint64_t node_number(uint64_t host);

// The next node in use from a place on; null when that was the last. For walks over all.
[[nodiscard]] struct node *node_next(size_t *place);
