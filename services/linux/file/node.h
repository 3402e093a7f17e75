// SPDX-License-Identifier: MIT
// A node: a file, folder, link or device as a file system keeps it, whether or not it is open. Paths (path.h) lead to
// nodes; opening one makes a file (file.h). Each file system (RAM, the file server's, /proc, /dev) is one pair of files with one
// table of operations.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct entry;
struct file;
struct lock;
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

// What `make` makes.
struct new_node {
    uint32_t mode; // kind and permissions, the umask taken off
    uint32_t user;
    uint32_t group;
    uint64_t special;   // device number
    struct name target; // of a link
};

// All may wait, but `drop`. Null answers EPERM, or ENOTDIR for those of folders.
struct node_operations {
    struct node_result (*look)(struct node *folder, struct name name); // gives a count
    int64_t (*stat)(struct node *node, struct linux_stat *stat);
    int64_t (*link_target)(struct node *node, char *target,
                           size_t size); // length; bytes without a zero
    // Where a link that is no path leads, such as /proc/self/fd/3; counted. Null for ordinary links.
    int64_t (*jump)(struct node *node, struct entry **entry);
    // Fills in a new file that the caller made: operations, own part.
    int64_t (*open)(struct node *node, struct file *file);
    // An empty name makes a file without one (O_TMPFILE).
    struct node_result (*make)(struct node *folder, struct name name, const struct new_node *what);
    int64_t (*link)(struct node *folder, struct name name, struct node *node);
    int64_t (*remove)(struct node *folder, struct name name, struct node *node, bool of_folder);
    // `over` is what has the new name, or null. Flags: RENAME_EXCHANGE; the others are seen to before.
    int64_t (*rename)(struct node *folder, struct name name, struct node *to, struct name to_name,
                      struct node *over, uint32_t flags);
    int64_t (*change)(struct node *node, const struct linux_stat *stat, uint32_t what);
    // Of a folder in a file system that is `scratch`: whether a name is another one than before the run.
    bool (*differs)(struct node *folder, struct name name);
    // Extended attributes. Sizes are told also when they are more than `room`, and nothing is written then; all names have a zero
    // behind each. Flags are setxattr's. Null: this file system has none.
    int64_t (*attribute)(struct node *node, struct name name, uint8_t *value, size_t room);
    int64_t (*attributes)(struct node *node, char *names, size_t room);
    int64_t (*set_attribute)(struct node *node, struct name name, const uint8_t *value, size_t size,
                             uint32_t flags);
    int64_t (*remove_attribute)(struct node *node, struct name name);
    void (*drop)(struct node *node); // the last count is gone
    // The file that a node of /proc/self/fd stands for, if that has no name of its own; counted. Null for all other nodes.
    struct file *(*file)(struct node *node);
};

struct file_system {
    const char *type;   // as /proc/mounts names it
    const char *source; // the same
    uint64_t device;
    bool read_only;
    bool
        of_host; // what lies in it, or below it, is the host's: what is opened is told in the report
    bool scratch; // what is changed is so in this run only, and is told at its end
    bool gone;    // it was taken away: no path leads into it
    // What is known of names stays true, absence too: nobody but this sandbox changes it, or nobody at all. Otherwise each
    // name is looked up each time.
    bool keeps;
    uint64_t magic; // f_type of statfs
    int64_t (*describe)(struct file_system *system, uint64_t *block, uint64_t *blocks,
                        uint64_t *free, uint64_t *nodes, uint64_t *free_nodes);
    struct node *root; // where needed; not counted
    void *own;
};

struct node {
    const struct node_operations *operations;
    struct file_system *system;
    uint32_t count;
    uint32_t mode; // S_IFMT bits and permissions
    uint32_t user, group;
    uint64_t inode;
    // A folder that stands where the host has one that this sandbox may not see: what is not there is refused, not absent.
    bool covers;
    // One that covers the person's home: what is looked for is absent, and noted like what is refused.
    bool is_home;
    void *own;
    uint64_t number[2];
    struct lock *locks; // locks.h
    uint32_t mappings;  // areas of address spaces that show it; memory/ counts them
    void *shared;       // what those share that have it open, such as the pipe of a fifo
};

void node_keep(struct node *node);
void node_drop(struct node *node);
