// SPDX-License-Identifier: MIT
// Mapping: a Frame seen in an AddressSpace. Its one slot says all: `value` is the user address,
// `base` the physical one, `size` the length, `rights` the bound, `object` the AddressSpace, or 0
// when that is gone, `lowering` how far the bound's reduction has come.
//
// An entry in the range is the Mapping's own when it holds exactly the translation that the Mapping
// would make there, with no right beyond the bound; a large page only when all of it lies in the
// range. Setting a range replaces whatever is there; clearing touches own entries only, so that a
// later Mapping over the same addresses survives the deletion of an earlier one.
//
//               set, lower                clear: from the start
//   map ──▶ filled, partly or not at all ───────────────────────▶ empty, gone
//
// Invariants
//   M1  While lower is under way, `lowering` has LOWERING set, the rights that entries may still have in its
//       lowest bits, and in those of page numbers the offset up to which the bound holds. Else it is 0.
#pragma once

#include "cap/slot.h"

struct address_space;
struct call;
struct cpu;

// In slot.lowering.
constexpr uint64_t LOWERING_RIGHTS = KOZO_RIGHT_READ | KOZO_RIGHT_WRITE | KOZO_RIGHT_EXECUTE;
constexpr uint64_t LOWERING = 1 << 3;
static_assert((LOWERING_RIGHTS | LOWERING) < ARCH_PAGE_SIZE);

// The rights that own entries may have.
static inline unsigned mapping_ceiling(const struct slot *mapping)
{
    return mapping->rights | (unsigned)(mapping->lowering & LOWERING_RIGHTS);
}

// The leaf that shows what lies at an offset of the Mapping.
static inline arch_entry_t mapping_leaf(const struct slot *mapping, uint64_t offset, unsigned level,
                                        unsigned rights)
{
    return arch_entry_leaf(mapping->base + offset, level, rights,
                           (mapping->flags & SLOT_DEVICE) != 0);
}

// The leaf that own entries are within; nothing when the bound is none.
static inline arch_entry_t mapping_own_leaf(const struct slot *mapping, uint64_t offset,
                                            unsigned level)
{
    unsigned ceiling = mapping_ceiling(mapping);

    return ceiling == 0 ? 0 : mapping_leaf(mapping, offset, level, ceiling);
}

// What entries can express of these rights: the processor reads whatever it may write or execute.
static inline uint64_t mapping_rights(uint64_t rights)
{
    return rights | (rights != 0) * KOZO_RIGHT_READ;
}

// Whether the space's Pool has the tables that setting a part of the range to `rights` may need.
[[nodiscard]] bool mapping_has_tables(const struct address_space *space, const struct slot *mapping,
                                      uint64_t offset, uint64_t length, unsigned rights);

// Makes the entries of a part of the range allow `rights`, or clears own ones when that is 0. Gives
// the bytes done: all of `length`, or less when a preemption point is due. The tables must be there
// or in the Pool.
uint64_t mapping_fill(struct cpu *cpu, const struct slot *mapping, uint64_t offset, uint64_t length,
                      unsigned rights);

// The same for one page and a right at least. False, with nothing done, when its table is missing.
[[nodiscard]] bool mapping_fill_page(struct cpu *cpu, const struct slot *mapping, uint64_t offset,
                                     unsigned rights);

// Clears own entries from the start, shrinking the Mapping, until it is empty and out of its
// space's list; false when a preemption point is due first.
[[nodiscard]] bool mapping_clear(struct cpu *cpu, struct slot *mapping);

// Takes from own entries at *offset and after it the rights that are not in `rights`, and shows in `copy`, a
// Mapping of the same range and bound in another AddressSpace, what is left of them. Moves the offset. OK at the end of
// the range, WOULD_BLOCK when a preemption point is due, or NO_MEMORY.
enum kozo_error mapping_copy(struct cpu *cpu, const struct slot *mapping, const struct slot *copy,
                             uint64_t *offset, unsigned rights);

enum kozo_error mapping_set_call(struct call *call);
enum kozo_error mapping_lower_call(struct call *call);
enum kozo_error mapping_info_call(struct call *call);
