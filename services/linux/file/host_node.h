// SPDX-License-Identifier: MIT
// Nodes of files that the file server gives, as host_system.c, host_file.c and host_written.c share them.
#pragma once

#include "files.h"
#include "gate.h"
#include "host_cache.h"
#include "node.h"

#include <kozo/protocol.h>

struct file_operations;

// What programs have written to a file by mappings, and the file server has not got yet. host_written.c
struct written {
    // Lets one pass at a time: what is sent to the file, what is read from it into pages, and what changes its size. A piece is taken
    // before, and no memory of a program is touched behind it.
    struct gate gate;
    struct chunk_list list; // of those with such pages
    struct host_node *next; // among all files that have some
    bool listed;            // stands among these, counted
    bool due;               // is to be sent now
    int64_t error;          // why something was lost, until that was told
};

struct host_node {
    struct node node;
    uint64_t file;  // number at the file server,
    uint32_t life;  // in this life of it; 0: the number stands for nothing any more
    bool doubted;   // whether it is still there for us is to be asked before it is used
    uint8_t length; // of its name
    char *name;     // in the folder where it was found last, without a zero
    struct host_node
        *folder; // counted; null for the root of a place, and without memory for the name
    struct host_node *hash_next;
    struct kozo_node_stat known;
    uint64_t kept_size, kept_modified; // what was known when its contents began to be kept
    struct written written;
};

static inline struct host_node *host_of(const struct node *node)
{
    return node->own;
}

// Whether what is known of it holds.
[[nodiscard]] bool host_is_fixed(const struct node *node);

// Its number at the file server; 0, which stands for nothing, when it is not found any more. May wait, and take a piece.
[[nodiscard]] uint64_t host_number(struct host_node *host);
void host_forget_number(struct host_node *host);

// What a request about a number came to, as a program is told it.
[[nodiscard]] int64_t host_told(struct host_node *host, enum kozo_error error);

// Asks for what is known of it anew; the second with a number and a piece that the caller has.
[[nodiscard]] int64_t host_learn(struct host_node *host);
[[nodiscard]] int64_t host_learn_by(struct host_node *host, uint64_t number,
                                    const struct files_piece *piece);

// Asks for a change of what `record` says, by bits of the protocol; the second for one of the size too, which what is kept of the file
// follows. Both put the record into the caller's piece.
[[nodiscard]] enum kozo_error host_change(uint64_t number, const struct files_piece *piece,
                                          const struct kozo_node_stat *record, uint32_t what);
[[nodiscard]] enum kozo_error host_resize(struct host_node *host, uint64_t number,
                                          const struct files_piece *piece,
                                          const struct kozo_node_stat *record, uint32_t what);

// What is done with an open file that is no folder. host_file.c
extern const struct file_operations host_file_operations;
