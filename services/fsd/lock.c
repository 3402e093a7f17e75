// SPDX-License-Identifier: MIT
#include "lock.h"

#include "access.h"
#include "quota.h"
#include "requests.h"

struct lock {
    struct node *node; // held; null for a free place
    uint32_t place;
    uint32_t kind;
    uint64_t first; // byte
    uint64_t last;
};

static struct {
    struct lock lock[LOCKS];
    size_t begun; // of the array that was ever used
} state;

void lock_start(void)
{
    quota_set(QUOTA_LOCKS, LOCKS);
}

static bool overlap(const struct lock *a, const struct lock *b)
{
    return a->node == b->node && a->first <= b->last && b->first <= a->last;
}

// A lock of another session that stands in the way; the first in the file. Null: there is none.
static const struct lock *in_the_way(const struct lock *wanted)
{
    const struct lock *found = nullptr;
    for (size_t i = 0; i < state.begun; i++) {
        const struct lock *other = &state.lock[i];
        bool excludes = other->kind == KOZO_LOCK_EXCLUSIVE || wanted->kind == KOZO_LOCK_EXCLUSIVE;
        if (overlap(other, wanted) && other->place != wanted->place && excludes &&
            (found == nullptr || other->first < found->first)) {
            found = other;
        }
    }
    return found;
}

// --- One session's ------------------------------------------------------------------------------

// By how many the session's locks become more when a range is taken out of them: each that lies in it goes, and of one
// that it is the middle of two are left.
static ptrdiff_t growth(const struct lock *range)
{
    ptrdiff_t more = 0;
    for (size_t i = 0; i < state.begun && quota_held(QUOTA_LOCKS, range->place) > 0; i++) {
        const struct lock *lock = &state.lock[i];
        if (overlap(lock, range) && lock->place == range->place) {
            more += (lock->first < range->first ? 1 : 0) + (lock->last > range->last ? 1 : 0) - 1;
        }
    }
    return more;
}

// Whether there is room for so many locks more of a session. What does not make them more always has room.
static bool has_room(size_t place, ptrdiff_t more)
{
    return more <= 0 || quota_has(QUOTA_LOCKS, place, (uint64_t)more);
}

static void add(struct lock lock)
{
    size_t i = 0;
    while (i < state.begun && state.lock[i].node != nullptr) {
        i++;
    }
    state.begun += i == state.begun ? 1 : 0;
    state.lock[i] = lock;
    quota_take(QUOTA_LOCKS, lock.place, 1);
    node_use(lock.node);
}

static void give_back(struct lock *lock)
{
    struct node *node = lock->node;
    quota_give(QUOTA_LOCKS, lock->place, 1);
    lock->node = nullptr;
    queue_wake(&node->waiting);
    node_release(node);
}

// Takes a range out of what the session has there; of a lock that it is the middle of, two are left.
static void cut(const struct lock *range)
{
    size_t begun = state.begun;
    for (size_t i = 0; i < begun; i++) {
        struct lock was = state.lock[i];
        if (!overlap(&was, range) || was.place != range->place) {
            continue;
        }
        give_back(&state.lock[i]);
        struct lock part = was;
        if (was.first < range->first) {
            part.last = range->first - 1;
            add(part);
        }
        if (was.last > range->last) {
            part = was;
            part.first = range->last + 1;
            add(part);
        }
    }
}

void lock_drop(size_t place, const struct node *node)
{
    for (size_t i = 0; i < state.begun && quota_held(QUOTA_LOCKS, place) > 0; i++) {
        struct lock *lock = &state.lock[i];
        bool chosen = node == nullptr || lock->node == node;
        if (lock->node != nullptr && lock->place == place && chosen) {
            give_back(lock);
        }
    }
}

// --- Requests -----------------------------------------------------------------------------------

static uint8_t right_for(uint64_t kind)
{
    return kind == KOZO_LOCK_EXCLUSIVE ? PLACE_WRITE : kind == KOZO_LOCK_SHARED ? PLACE_READ : 0;
}

// The lock that is asked for; BAD_ARGUMENT for a part that a file can't have.
static enum kozo_error decode(const struct kozo_caller *caller, uint64_t file, uint64_t offset,
                              uint64_t length, uint64_t kind, struct lock *lock)
{
    if (kind > KOZO_LOCK_EXCLUSIVE || offset > INT64_MAX || length > INT64_MAX - offset + 1) {
        return KOZO_BAD_ARGUMENT;
    }
    struct access access = access_kind(caller, file, right_for(kind), KOZO_NODE_FILE);
    *lock = (struct lock){
        .node = access.node,
        .place = (uint32_t)caller->session,
        .kind = (uint32_t)kind,
        .first = offset,
        .last = length == 0 ? UINT64_MAX : offset + length - 1,
    };
    return access.error;
}

struct kozo_message serve_lock(struct kozo_caller *caller,
                               const struct kozo_files_lock_arguments *asked)
{
    struct lock lock;
    enum kozo_error error =
        decode(caller, asked->file, asked->offset, asked->length, asked->kind, &lock);
    if (error != KOZO_OK) {
        return kozo_answer(error);
    }
    if (lock.kind != KOZO_LOCK_FREE && in_the_way(&lock) != nullptr) {
        return asked->wait ? operation_wait(operation_of(caller), &lock.node->waiting)
                           : kozo_answer(KOZO_BAD_STATE);
    }
    if (!has_room(caller->session, growth(&lock) + (lock.kind != KOZO_LOCK_FREE ? 1 : 0))) {
        return kozo_answer(KOZO_NO_MEMORY);
    }
    cut(&lock);
    if (lock.kind != KOZO_LOCK_FREE) {
        add(lock);
    }
    return kozo_answer(KOZO_OK);
}

struct kozo_message serve_find_lock(struct kozo_caller *caller,
                                    const struct kozo_files_find_lock_arguments *asked)
{
    struct lock lock;
    enum kozo_error error =
        decode(caller, asked->file, asked->offset, asked->length, asked->kind, &lock);
    if (error != KOZO_OK) {
        return kozo_answer(error);
    }
    const struct lock *found = lock.kind != KOZO_LOCK_FREE ? in_the_way(&lock) : nullptr;
    if (found == nullptr) {
        return kozo_files_find_lock_answer(KOZO_LOCK_FREE, 0, 0);
    }
    bool endless = found->last == UINT64_MAX;
    return kozo_files_find_lock_answer(found->kind, found->first,
                                       endless ? 0 : found->last - found->first + 1);
}
