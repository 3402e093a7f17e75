// SPDX-License-Identifier: MIT
// From a handle to a slot.
//
// A handle is a path, lowest bits first (see abi/object/cnode.abi). Looking one up takes as many
// steps as the path has CNodes, at most 32, since each takes at least two bits.
#pragma once

#include "object/thread.h"

struct cnode;

// Where a handle leads, as a place that may be filled or emptied.
struct place {
    enum kozo_error error; // OK, or BAD_HANDLE
    uint16_t rights;       // of the capability to the last CNode on the path
    struct cnode *cnode;   // the last CNode
    uint64_t index;        // in it
};

// The place that a handle names in the thread's CSpace, however many steps it has.
struct place lookup_far(const struct thread *thread, uint64_t handle);

// The same, with one step taken at once.
static inline struct place lookup_place(const struct thread *thread, uint64_t handle)
{
    const struct slot *cspace = &thread->cspace;

    // Slot 0 is none; without a CNode, size is 0.
    if (handle - 1 >= cspace->size) {
        return lookup_far(thread, handle);
    }
    return (struct place){
        .rights = cspace->rights, .cnode = link_known(cspace->object), .index = handle};
}

// The place, if it is an empty slot that the thread may fill: else BAD_HANDLE, NO_RIGHT,
// SLOT_TAKEN.
struct place lookup_empty(struct thread *thread, uint64_t handle);

// The slot that a handle of one step names, whatever it holds; null for any other handle.
static inline struct slot *lookup_near(const struct thread *thread, uint64_t handle)
{
    const struct slot *cspace = &thread->cspace;

    // Slot 0 is none; without a CNode, size is 0.
    if (handle - 1 >= cspace->size) {
        return nullptr;
    }
    return link_known(cspace->object + (link_t)handle);
}

// The slot that a handle names, for use; null when it leads nowhere or to an empty slot.
struct slot *lookup(struct thread *thread, uint64_t handle);

// The slot of a capability of one type that has all of these rights.
struct lookup {
    enum kozo_error error; // OK, BAD_HANDLE, BAD_TYPE, NO_RIGHT
    struct slot *slot;     // null unless OK
};
struct lookup lookup_typed(struct thread *thread, uint64_t handle, enum kozo_object_type type,
                           unsigned rights);

// The same, with one step taken at once.
static inline struct lookup lookup_typed_near(struct thread *thread, uint64_t handle,
                                              enum kozo_object_type type, unsigned rights)
{
    struct slot *slot = lookup_near(thread, handle);

    if (slot != nullptr && slot->type == type && (rights & ~slot->rights) == 0) {
        return (struct lookup){.slot = slot};
    }
    return lookup_typed(thread, handle, type, rights);
}

// The slot that lookup_empty finds.
struct lookup lookup_free_far(struct thread *thread, uint64_t handle);

// The same, with one step taken at once.
static inline struct lookup lookup_free(struct thread *thread, uint64_t handle)
{
    struct slot *slot = lookup_near(thread, handle);

    if (slot != nullptr && slot->type == KOZO_TYPE_NONE &&
        (thread->cspace.rights & KOZO_RIGHT_WRITE) != 0) {
        return (struct lookup){.slot = slot};
    }
    return lookup_free_far(thread, handle);
}

static inline struct slot *place_slot(const struct place *place)
{
    return (struct slot *)place->cnode + place->index;
}
