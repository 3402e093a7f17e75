// SPDX-License-Identifier: MIT
// CNode: storage for capabilities, a power-of-two array of slots.
//
// Slot 0 is the object's header, and never a place for a capability. Its contents are deleted slot
// by slot when the last capability to it goes.
//
// Invariant C1: a capability to a CNode that lives has the last index of that in `size`.
#pragma once

#include "object/object.h"

struct call;

struct cnode {
    struct slot slot[1]; // as many as cnode_slots says
};

constexpr unsigned CNODE_MIN_BITS = 2;
constexpr unsigned CNODE_MAX_BITS = 24;

static inline struct cnode *cnode_of(const struct slot *capability)
{
    return link_known(capability->object);
}

static inline unsigned cnode_bits(const struct cnode *cnode)
{
    return cnode->slot[0].header.bits;
}

static inline uint64_t cnode_slots(const struct cnode *cnode)
{
    return (uint64_t)1 << cnode_bits(cnode);
}

[[nodiscard]] bool cnode_reap(struct cpu *cpu, struct object *object);

// Makes `destination`, an empty slot, a child of `source` with the same contents. The type must be
// one that can be copied. `flags` say where the destination stands.
void capability_copy(struct slot *source, struct slot *destination, uint8_t flags);

enum kozo_error cnode_copy_call(struct call *call);
enum kozo_error cnode_mint_call(struct call *call);
enum kozo_error cnode_watch_call(struct call *call);
enum kozo_error cnode_lend_call(struct call *call);
enum kozo_error cnode_move_call(struct call *call);
enum kozo_error cnode_delete_call(struct call *call);
enum kozo_error cnode_delete_run_call(struct call *call);
enum kozo_error cnode_revoke_call(struct call *call);
enum kozo_error cnode_inspect_call(struct call *call);
