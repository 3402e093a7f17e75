// SPDX-License-Identifier: MIT
// Pool: memory for page tables, shared by the address spaces of one owner.
//
// Untyped memory is moved into the Pool's donor slots and stays in the tree. Pages are taken at a
// donor's watermark, and come back to a list through their first word; a page in that list is
// otherwise zero. When a donor is revoked, every AddressSpace on the Pool is taken off it first.
// When the last one has left, all pages are free again.
//
// Invariants
//   P1  taken == sum of the tables of all address spaces on the Pool, and of those that were abandoned since the
//       Pool was without a space.
//   P2  A page is in one place: below no watermark, in the free list, or a table.
#pragma once

#include "object/object.h"

struct address_space;
struct call;

constexpr unsigned POOL_BITS = 10;
constexpr unsigned POOL_DONORS = 12;

struct pool {
    struct object object;
    link_t spaces; // AddressSpaces, through pool_next and pool_previous
    uint32_t space_count;
    physical_t free;  // first page of the list; 0 for none
    uint64_t donated; // pages
    uint64_t taken;   // pages
    alignas(KOZO_SLOT_SIZE) struct slot donor[POOL_DONORS];
};
static_assert(sizeof(struct pool) <= 1u << POOL_BITS);

static inline struct pool *pool_of(const struct slot *capability)
{
    return link_target(capability->object);
}

[[nodiscard]] bool pool_reap(struct cpu *cpu, struct object *object);

// One of the Pool's donors is about to be emptied: takes every AddressSpace off the Pool. False
// when a preemption point is due first.
[[nodiscard]] bool pool_let_go(struct cpu *cpu, const struct slot *slot);

// An AddressSpace is on the Pool no more.
void pool_space_left(struct pool *pool);

// Pages that are left.
static inline uint64_t pool_available(const struct pool *pool)
{
    return pool->donated - pool->taken;
}

// Takes a zeroed page; there must be one.
physical_t pool_take(struct pool *pool);

// Gives a zeroed page back.
void pool_give(struct pool *pool, physical_t page);

// Moves an unused Untyped into a free donor slot: BAD_STATE, BAD_ARGUMENT.
enum kozo_error pool_donate(struct pool *pool, struct slot *untyped);

enum kozo_error pool_donate_call(struct call *call);
enum kozo_error pool_attach_call(struct call *call);
enum kozo_error pool_trim_call(struct call *call);
enum kozo_error pool_info_call(struct call *call);
