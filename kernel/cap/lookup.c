// SPDX-License-Identifier: MIT
// Walking a path of CNodes. Nothing here changes anything.
#include "cap/lookup.h"

#include "object/cnode.h"
#include "object/thread.h"

struct place lookup_far(const struct thread *thread, uint64_t handle)
{
    const struct slot *at = &thread->cspace;

    while (at->type == KOZO_TYPE_CNODE) {
        struct cnode *cnode = cnode_of(at);
        uint64_t index = handle & at->size;
        handle >>= cnode_bits(cnode);
        if (index == 0) {
            break;
        }
        if (handle == 0) {
            return (struct place){.rights = at->rights, .cnode = cnode, .index = index};
        }
        at = &cnode->slot[index];
    }
    return (struct place){.error = KOZO_BAD_HANDLE};
}

struct place lookup_empty(struct thread *thread, uint64_t handle)
{
    struct place place = lookup_place(thread, handle);

    if (place.error != KOZO_OK) {
        return place;
    }
    if ((place.rights & KOZO_RIGHT_WRITE) == 0) {
        place.error = KOZO_NO_RIGHT;
    } else if (place_slot(&place)->type != KOZO_TYPE_NONE) {
        place.error = KOZO_SLOT_TAKEN;
    }
    return place;
}

struct lookup lookup_free_far(struct thread *thread, uint64_t handle)
{
    struct place place = lookup_empty(thread, handle);

    return (struct lookup){.error = place.error,
                           .slot = place.error == KOZO_OK ? place_slot(&place) : nullptr};
}

struct slot *lookup(struct thread *thread, uint64_t handle)
{
    struct place place = lookup_place(thread, handle);

    if (place.error != KOZO_OK || place_slot(&place)->type == KOZO_TYPE_NONE) {
        return nullptr;
    }
    return place_slot(&place);
}

struct lookup lookup_typed(struct thread *thread, uint64_t handle, enum kozo_object_type type,
                           unsigned rights)
{
    struct slot *slot = lookup(thread, handle);

    if (slot == nullptr) {
        return (struct lookup){.error = KOZO_BAD_HANDLE};
    }
    if (slot->type != type) {
        return (struct lookup){.error = KOZO_BAD_TYPE};
    }
    if ((slot->rights & rights) != rights) {
        return (struct lookup){.error = KOZO_NO_RIGHT};
    }
    return (struct lookup){.slot = slot};
}
