// SPDX-License-Identifier: MIT
// A slot: the place of one capability, and its node in the derivation tree.
//
// A slot is one cache line of 64 bytes, and empty exactly when its type is NONE. Slots stand in
// CNodes, in objects that refer to others (a thread's CSpace, a Pool's donors), in the rings of the
// audit log, and in the header of an object that is being taken apart.
//
// The tree. The children of a slot form a ring through `next` and `previous`, oldest first; `child`
// of the parent names the first, and only that one knows its parent (`up`). So inserting,
// unlinking, moving, and putting the children of a slot into its own place are all constant time.
// Capabilities that were derived from nothing are children of kernel.root.
//
// Invariants
//   S1  A slot that is not empty is in exactly one ring, and its parent is not empty or is kernel.root.
//   S2  `up` is not 0 exactly for the first of a ring, and names the slot whose `child` it is.
//   S3  The rights of a copy are a subset of its parent's, as long as both are for the same object.
//   S4  An empty slot is all zero.
//   S5  A Revocation stands only in the slot for it of a thread, and has no object.
//   S6  A copy of a watched capability is watched.
#pragma once

#include "kozo/abi.h"
#include "lib/link.h"

// Where a slot stands, when it is not in a CNode, and what else is special about it.
enum slot_flag : uint8_t {
    // Where it stands: 0 in a CNode, or one of these.
    SLOT_IN_THREAD = 1, // part of a struct thread
    SLOT_IN_POOL = 2,   // a donor of a struct pool
    SLOT_IN_AUDIT = 3,  // the memory of a struct audit_ring
    SLOT_PLACE = 7,     // these bits

    SLOT_GRAVE = 8,    // the last capability of an object that is being taken apart, in its header
    SLOT_DEVICE = 16,  // Untyped, Frame, Mapping: not ordinary memory
    SLOT_LEASED = 32,  // Endpoint, Notification: under a Lease
    SLOT_WATCHED = 64, // each use is recorded

    SLOT_SPECIAL = SLOT_LEASED | SLOT_WATCHED, // a use is more than to call the operation
};

// The header of every kernel object; the CNode's is in its slot 0.
struct object_header {
    union {
        struct {
            uint32_t references; // capabilities to the object
            uint8_t type;        // enum kozo_object_type
            uint8_t bits;        // CNode: log2 of its slots
            uint16_t spare;
        };
        uint64_t identity; // all of these at once
    };
    uint64_t progress; // how far taking it apart has come
};

struct slot {
    union {
        struct {
            uint8_t type;    // enum kozo_object_type
            uint8_t flags;   // enum slot_flag
            uint16_t rights; // enum kozo_right
            link_t
                object; // the object's header; 0 for types that have none; Mapping: its AddressSpace
        };
        uint64_t head; // all of these at once
    };

    // Endpoint, Notification: badge. Untyped: watermark, an offset. Mapping: virtual address.
    // IoPort: first port. Revocation: how many capabilities went. Otherwise 0.
    uint64_t value;

    link_t child, next, previous, up;

    // Mapping: its AddressSpace's list. Leased: its Lease's list. Grave: the list of objects being
    // taken apart.
    link_t list_next, list_previous;
    union {
        uint64_t zeroed;   // Untyped: an offset; memory from the watermark up to it is zero
        link_t lease;      // with SLOT_LEASED
        uint64_t lowering; // Mapping: see there
        uint64_t about;    // Revocation: what the audit log calls the object
    };

    union {
        struct {
            physical_t base; // Untyped, Frame, Mapping: physical address
            uint64_t size;   // Untyped, Frame, Mapping: bytes. IoPort: number of ports. CNode: last
                             // index in it
        };
        struct {
            uint64_t handle, badge; // Revocation: of the capability that is revoked
        };
        struct object_header header; // in the first 64 bytes of an object
    };
};
static_assert(sizeof(struct slot) == KOZO_SLOT_SIZE);

// The type of a slot that is no capability, but holds what a revoke in progress is about to delete:
// see cap/delete.h. It stands in a thread.
constexpr uint8_t SLOT_REVOCATION = 31;

constexpr unsigned SLOT_BITS = 6;
static_assert(1u << SLOT_BITS == KOZO_SLOT_SIZE && SLOT_BITS == LINK_UNIT_BITS);

// The slot that a link names which is not 0.
static inline struct slot *slot_at(link_t link)
{
    return link_known(link);
}

// Puts a capability, whose own fields are set in `content`, into an empty slot as the youngest
// child of `parent`. The links in `content` are ignored, and the slot's place comes from its flags.
void slot_insert(struct slot *slot, struct slot *parent, const struct slot *content);

// Makes the slots from `first` to `last` the youngest children of `parent`. They were empty, and are
// filled now; if there are several, they are linked with one another already.
void slot_join(struct slot *first, struct slot *last, struct slot *parent);

// The same for one, as the next younger sibling of `sibling`.
void slot_join_after(struct slot *slot, struct slot *sibling);

// Moves a capability to an empty slot, keeping its place in the tree and in its list. `flags` are
// those of the new place.
void slot_move(struct slot *from, struct slot *to, uint8_t flags);

// Puts `node`, an empty slot in a thread, between a slot and all its children.
void slot_condemn(struct slot *slot, struct slot *node);

// Empties a slot. Its children take its place. An Untyped that has lost its last child starts anew.
// The object, if any, is not touched: see cap/delete.h.
void slot_remove(struct slot *slot);

static inline void slot_clear(struct slot *slot)
{
    *slot = (struct slot){};
}

// The parent, found by going around the ring: for people (inspect) only, since it takes as many
// steps as there are siblings, at most `steps`; null when it was not found.
struct slot *slot_parent(struct slot *slot, unsigned steps);

// A list of slots through list_next and list_previous. `head` is the link of its first.
void slot_list_push(link_t *head, struct slot *slot);
void slot_list_unlink(link_t *head, struct slot *slot);

// The slot `to` has taken the place of `from`, whose links it holds.
void slot_list_moved(link_t *head, const struct slot *from, struct slot *to);
