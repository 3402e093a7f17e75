// SPDX-License-Identifier: MIT
// A node: a file, folder, link or device as a file system keeps it, whether or not it is open. Paths (path.h) lead to
// nodes; opening one makes a file (file.h). Each file system (RAM, the file server's, /proc, /dev) is one pair of files with one
// table of operations.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct file;
struct node;

// What stat tells, in Linux's own terms.
struct linux_stat {
    uint64_t device;
    uint64_t inode;
    uint32_t mode; // S_IFMT and permission bits
    uint64_t links;
    uint32_t user;
    uint32_t group;
    uint64_t special; // device number of a device
    uint64_t size;
    uint64_t block_size;
    uint64_t blocks; // of 512 bytes
    int64_t accessed_s, modified_s, changed_s, born_s;
    uint32_t accessed_ns, modified_ns, changed_ns, born_ns;
};

// What a change takes over from a linux_stat.
enum change : uint32_t {
    CHANGE_MODE = 1,
    CHANGE_OWNER = 2,
    CHANGE_ACCESSED = 4,
    CHANGE_MODIFIED = 8,
    CHANGE_SIZE = 16,
};

struct node_result {
    int64_t error; // 0 or -errno
    struct node *node;
};

// A name in a folder: bytes without a zero; never "." or "..", never with a slash.
struct name {
    const char *bytes;
    size_t length;
};

// All may wait, but `drop`. Null answers EPERM, or ENOTDIR for those of folders.
struct node_operations {
    struct node_result (*look)(struct node *folder, struct name name); // gives a count
    int64_t (*stat)(struct node *node, struct linux_stat *stat);
    int64_t (*link_target)(struct node *node, char *target, size_t size); // bytes without a zero
    // Where a link that is no path leads, such as /proc/self/fd/3; gives a count. Null for ordinary links.
    struct node_result (*jump)(struct node *node);
    // Fills in a new file that the caller made: operations, own part.
    int64_t (*open)(struct node *node, struct file *file);
    struct node_result (*make)(struct node *folder, struct name name, uint32_t mode,
                               uint64_t special, struct name target);
    int64_t (*link)(struct node *folder, struct name name, struct node *node);
    int64_t (*remove)(struct node *folder, struct name name, bool of_folder);
    int64_t (*rename)(struct node *folder, struct name name, struct node *to, struct name to_name,
                      uint32_t flags);
    int64_t (*change)(struct node *node, const struct linux_stat *stat, uint32_t what);
    void (*drop)(struct node *node); // the last count is gone
};

struct file_system {
    const char *type; // as /proc/mounts names it
    uint64_t device;
    bool read_only;
    uint64_t magic; // f_type of statfs
    int64_t (*describe)(struct file_system *system, uint64_t *block, uint64_t *blocks,
                        uint64_t *free, uint64_t *nodes, uint64_t *free_nodes);
};

struct node {
    const struct node_operations *operations;
    struct file_system *system;
    uint32_t count;
    uint32_t mode; // S_IFMT bits and, where known, permissions
    uint64_t inode;
    void *own;
    uint64_t number[2];
};

void node_keep(struct node *node);
void node_drop(struct node *node);
