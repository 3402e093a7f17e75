// SPDX-License-Identifier: MIT
// Locks of files. The locks of a node are a list; ranges of one owner never overlap, since taking and giving cut what was there.
//
// One queue serves all who wait for any lock: waits are rare, and each looks again by itself. To find out whether waiting would
// never end, each process that waits for another's lock is noted for as long.
#include "locks.h"

#include "../core/call.h"
#include "../core/errno.h"
#include "../core/store.h"

// A process that waits, and for whose lock.
struct waiting {
    struct waiting *next;
    const void *owner;
    const void *holder;
};

static struct wait_queue released;
static struct waiting *first_waiting;

static bool overlaps(const struct lock *a, const struct lock *b)
{
    return a->start <= b->end && b->start <= a->end;
}

static bool same_owner(const struct lock *a, const struct lock *b)
{
    return a->owner == b->owner && a->family == b->family;
}

const struct lock *lock_in_the_way(const struct node *node, const struct lock *lock)
{
    for (const struct lock *other = node->locks; other != nullptr; other = other->next) {
        bool same_world = (other->family == LOCK_WHOLE) == (lock->family == LOCK_WHOLE);
        if (same_world && !same_owner(other, lock) && overlaps(other, lock) &&
            (other->write || lock->write)) {
            return other;
        }
    }
    return nullptr;
}

static bool insert(struct node *node, const struct lock *from, uint64_t start, uint64_t end)
{
    struct lock *lock = store_take(sizeof *lock);
    if (lock == nullptr) {
        return false;
    }
    *lock = *from;
    lock->start = start;
    lock->end = end;
    lock->next = node->locks;
    node->locks = lock;
    return true;
}

// Takes a range out of what its owner has. The one step that needs memory, a hole inside a lock, comes first.
static bool cut(struct node *node, const struct lock *range)
{
    struct lock **place = &node->locks;
    while (*place != nullptr) {
        struct lock *lock = *place;
        if (!same_owner(lock, range) || !overlaps(lock, range)) {
            place = &lock->next;
        } else if (lock->start < range->start && lock->end > range->end) {
            uint64_t end = lock->end;
            if (!insert(node, lock, range->end + 1, end)) {
                return false;
            }
            lock->end = range->start - 1;
            return true;
        } else if (lock->start < range->start) {
            lock->end = range->start - 1;
            place = &lock->next;
        } else if (lock->end > range->end) {
            lock->start = range->end + 1;
            place = &lock->next;
        } else {
            *place = lock->next;
            store_give(lock, sizeof *lock);
        }
    }
    return true;
}

int64_t lock_give(struct node *node, const struct lock *lock)
{
    if (!cut(node, lock)) {
        return -ENOLCK;
    }
    (void)wait_wake(&released, SIZE_MAX);
    return 0;
}

// Whether somebody who is to be waited for waits, directly or not, for the owner itself.
static bool would_never_end(const void *owner, const void *holder)
{
    for (unsigned step = 0; step < 64; step++) {
        const struct waiting *waiting = first_waiting;
        while (waiting != nullptr && waiting->owner != holder) {
            waiting = waiting->next;
        }
        if (waiting == nullptr) {
            return false;
        }
        if (waiting->holder == owner) {
            return true;
        }
        holder = waiting->holder;
    }
    return true;
}

static void forget_waiting(const struct waiting *waiting)
{
    struct waiting **place = &first_waiting;
    while (*place != waiting) {
        place = &(*place)->next;
    }
    *place = waiting->next;
}

static int64_t wait_for(const struct lock *lock, const struct lock *other)
{
    if (lock->family == LOCK_OF_PROCESS && would_never_end(lock->owner, other->owner)) {
        return -EDEADLK;
    }
    struct waiting waiting = {first_waiting, lock->owner, other->owner};
    first_waiting = &waiting;
    enum wake wake = wait_on(&released, NO_DEADLINE);
    forget_waiting(&waiting);
    return wake == WAKE_INTERRUPT ? RESTART_CALL : 0;
}

int64_t lock_take(struct node *node, const struct lock *lock, bool wait)
{
    const struct lock *other = nullptr;
    while ((other = lock_in_the_way(node, lock)) != nullptr) {
        int64_t error = wait ? wait_for(lock, other) : -EAGAIN;
        if (error != 0) {
            return error;
        }
    }
    if (!insert(node, lock, lock->start, lock->end)) {
        return -ENOLCK;
    }
    // The new lock stands first; the others of its owner are cut behind it.
    struct lock *taken = node->locks;
    node->locks = taken->next;
    if (!cut(node, lock)) {
        store_give(taken, sizeof *taken);
        return -ENOLCK;
    }
    taken->next = node->locks;
    node->locks = taken;
    if (!lock->write) {
        (void)wait_wake(&released, SIZE_MAX);
    }
    return 0;
}

void locks_drop_of_owner(struct node *node, const void *owner)
{
    struct lock **place = &node->locks;
    bool dropped = false;
    while (*place != nullptr) {
        struct lock *lock = *place;
        if (lock->owner == owner) {
            *place = lock->next;
            store_give(lock, sizeof *lock);
            dropped = true;
        } else {
            place = &lock->next;
        }
    }
    if (dropped) {
        (void)wait_wake(&released, SIZE_MAX);
    }
}
