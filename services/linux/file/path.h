// SPDX-License-Identifier: MIT
// Paths: the tree of names that a sandbox sees, and the walk through it.
//
// An entry is a name in a folder together with what has it. Entries form the tree: each knows its parent, so that `..`, getcwd
// and /proc/self/fd are answered from here, and file systems only know names in single folders. Entries that nobody
// counts stay in a cache as long as there is room. One without a node is a name that is known not to be there.
#pragma once

#include "../core/user.h"
#include "node.h"

struct entry {
    struct entry *parent; // counted; itself for the top of a file system
    struct node *node;    // counted; null: there is no such name
    uint32_t count;
    uint32_t hash;
    uint32_t heard; // what entries_doubt had been called so often when its file system was asked
    struct entry *hash_next;
    struct entry *newer, *older; // among those that nobody counts
    struct entry *above;         // the top of what is mounted here; counted
    struct entry *below;         // of the top of a mount: what it is mounted on; counted
    bool gone;                   // its name was taken away
    uint8_t length;
    uint8_t room; // bytes of `first_name`, without a zero
    char *name;   // with a zero; `first_name`, or a piece of its own after a move to a longer one
    char first_name[];
};

// Root, working directory and umask of a process. Threads share it, and processes made with CLONE_FS.
struct folders {
    struct entry *root;
    struct entry *current;
    uint32_t umask;
    uint32_t count;
};

[[nodiscard]] struct folders *folders_make(struct entry *root);
[[nodiscard]] struct folders *folders_copy(const struct folders *from);
void folders_keep(struct folders *folders);
void folders_drop(struct folders *folders);

void entry_keep(struct entry *entry);
void entry_drop(struct entry *entry);

// How a path is walked.
enum walk : uint32_t {
    WALK_STAY = 1,        // a link at the end is not followed
    WALK_ABSENT = 2,      // the last name need not be there: the entry then has no node
    WALK_EMPTY = 4,       // an empty path is what the descriptor stands for (AT_EMPTY_PATH)
    WALK_FOLDER = 8,      // what is reached must be a folder
    WALK_NO_LINKS = 16,   // RESOLVE_NO_SYMLINKS
    WALK_BENEATH = 32,    // RESOLVE_BENEATH
    WALK_IN_ROOT = 64,    // RESOLVE_IN_ROOT
    WALK_NO_MOUNTS = 128, // RESOLVE_NO_XDEV
    WALK_NO_JUMPS = 256,  // RESOLVE_NO_MAGICLINKS
    WALK_CHANGE = 512,    // what is reached is to be changed: for who is told of a refusal
};

// How the path ended, for calls that make, move and remove names.
enum path_end : uint8_t {
    END_NAME,   // an ordinary name
    END_DOT,    // "."
    END_PARENT, // ".."
    END_ROOT,   // no name at all
};

struct walked {
    struct entry *entry; // counted
    enum path_end end;
    bool slash; // the path ended with one
};

// Walks a path from a folder (a descriptor, or AT_FDCWD). 0 and a counted entry, or an error.
[[nodiscard]] int64_t path_walk(int64_t folder, const char *path, uint32_t how,
                                struct walked *walked);
// The same with a path in the program's memory.
[[nodiscard]] int64_t path_walk_user(int64_t folder, struct user path, uint32_t how,
                                     struct walked *walked);

// A buffer of LINUX_PATH_MOST bytes; null when memory is used up.
[[nodiscard]] char *path_buffer(void);
void path_buffer_give(char *buffer);

// Writes the path of an entry as seen from a root, at the end of a buffer of LINUX_PATH_MOST bytes, with its zero. Gives where it
// begins. An entry that can't be reached from the root has "(unreachable)" before it, one that is gone " (deleted)" behind it.
[[nodiscard]] const char *path_of(const struct entry *entry, const struct entry *root,
                                  char *buffer);

// The top of all; made by the first mount, at null.
[[nodiscard]] struct entry *path_top(void);
// Mounts a file system, whose root node is counted for it, over an entry. 0 or -ENOMEM.
[[nodiscard]] int64_t path_mount(struct entry *over, struct node *root);
// Mount points in the order in which they were made, for /proc: null behind the last.
[[nodiscard]] struct entry *path_mounted(unsigned place);

// After a change of names by the file system's operation.
void entry_fill(struct entry *entry,
                struct node *node);    // the name is there now; takes the node's count over
void entry_clear(struct entry *entry); // it is not there any more
[[nodiscard]] int64_t entry_move(struct entry *from, struct entry *to, bool exchange);

// Whether the calling process may do this to a node (1 execute or search, 2 write, 4 read): 0 or -EACCES, -EROFS.
enum may : uint32_t {
    MAY_EXECUTE = 1,
    MAY_WRITE = 2,
    MAY_READ = 4,
};
[[nodiscard]] int64_t node_may(const struct node *node, uint32_t what);
// The same with what an entry stands for; a refused change is noted as one of `changed`, itself or a name in it.
[[nodiscard]] int64_t entry_may(const struct entry *entry, uint32_t what,
                                const struct entry *changed);
// The same with the real user and group, for access().
[[nodiscard]] int64_t node_may_really(const struct node *node, uint32_t what);
