// SPDX-License-Identifier: MIT
// Locks of files: ranges of bytes (fcntl, of a process or of an open file description) and whole files (flock). They hang at
// the node, so that all who have it open see the same ones.
#pragma once

#include "file.h"
#include "node.h"

// Whose a lock is, and of which of the three families; the families do not see each other, but for the first two.
enum lock_family : uint8_t {
    LOCK_OF_PROCESS, // owner: the table of descriptors
    LOCK_OF_FILE,    // owner: the file
    LOCK_WHOLE,      // flock; owner: the file
};

struct lock {
    struct lock *next;
    const void *owner;
    enum lock_family family;
    bool write;
    uint32_t process;
    uint64_t start;
    uint64_t end; // last byte
};

// Takes a lock in place of what its owner has in that range. Waits for others if told so. 0, -EAGAIN, -EDEADLK, -ENOLCK, or
// a restart.
[[nodiscard]] int64_t lock_take(struct node *node, const struct lock *lock, bool wait);

// Gives up what the owner has in a range. 0 or -ENOLCK.
[[nodiscard]] int64_t lock_give(struct node *node, const struct lock *lock);

// The first lock that stands in the way; null for none.
[[nodiscard]] const struct lock *lock_in_the_way(const struct node *node, const struct lock *lock);

// All of one owner.
void locks_drop_of_owner(struct node *node, const void *owner);
