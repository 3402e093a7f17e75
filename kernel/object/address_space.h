// SPDX-License-Identifier: MIT
// AddressSpace: a tree of page tables, and the list of the Mappings in it.
//
//             attach                       reap, or the Pool goes (abandon)
//   no root ──────────▶ on a Pool ───────────────────────────────────────▶ no root
//
// Invariants
//   A1  Every present entry of a user page equals the translation of a live Mapping in the list, and has no right
//       beyond it.
//   A2  Every Mapping that names this space is in its list, and has a slot.
//   A3  root and pool are both 0 or both set, but for a space that is being abandoned, which has lost its root;
//       without a Pool there are no Mappings.
//   A4  `near` is the table that the addresses below near_end lead to, or both are 0. What it is has no effect but on
//       speed.
#pragma once

#include "mem/table.h"
#include "object/object.h"

struct call;
struct pool;

constexpr unsigned ADDRESS_SPACE_BITS = 7;

struct address_space {
    struct object object;
    physical_t root;
    link_t pool;
    link_t pool_next, pool_previous; // other AddressSpaces on the Pool
    link_t mappings;                 // slots, through list_next and list_previous
    uint32_t mapping_count;
    uint32_t tables; // with the root

    // The table of pages that was found last, and where its addresses end; both 0 when there is none.
    physical_t near;
    uint64_t near_end;
};
static_assert(sizeof(struct address_space) <= 1u << ADDRESS_SPACE_BITS);

static inline struct address_space *address_space_of(const struct slot *capability)
{
    return link_target(capability->object);
}

// The entry that an address ends at, as table_walk gives it; most often it is in the table that was found last.
struct table_place address_space_walk_far(struct address_space *space, uint64_t address);

// How many bytes from an address on are in the table that was found last.
static inline uint64_t address_space_near(const struct address_space *space, uint64_t address)
{
    // Without a table this is far above every user address.
    uint64_t last = space->near_end - 1 - address;

    return last < table_span(1) ? last + 1 : 0;
}

static inline struct table_place address_space_walk(struct address_space *space, uint64_t address)
{
    return address_space_near(space, address) != 0
               ? (struct table_place){table_entry(space->near, address, 0), 0}
               : address_space_walk_far(space, address);
}

// A table of the space is about to go.
static inline void address_space_forget(struct address_space *space)
{
    space->near = 0;
    space->near_end = 0;
}

// Deletes the Mappings, then gives the tables back to the Pool.
[[nodiscard]] bool address_space_reap(struct cpu *cpu, struct object *object);

// Takes the space off its Pool, which must have a page for the root table (attach), or whose memory
// is about to go (abandon: the tables are forgotten where they are). Abandon gives false when a
// preemption point is due first.
void address_space_attach(struct address_space *space, struct pool *pool);
[[nodiscard]] bool address_space_abandon(struct cpu *cpu, struct address_space *space);

// A slot that holds a Mapping joins, leaves, or was moved.
void address_space_mapping_add(struct address_space *space, struct slot *mapping);
void address_space_mapping_drop(struct address_space *space, struct slot *mapping);
void address_space_mapping_moved(const struct slot *from, struct slot *to);

enum kozo_error address_space_clone_call(struct call *call);
enum kozo_error address_space_info_call(struct call *call);
