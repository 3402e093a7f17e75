// SPDX-License-Identifier: MIT
// Mapping: a Frame seen in an AddressSpace. Its one slot says all: `value` is the user address,
// `base` the physical one, `size` the length, `rights` the bound, `object` the AddressSpace, or 0
// when that is gone.
//
// An entry in the range is the Mapping's own when it holds exactly the translation that the Mapping
// would make there, with no right beyond the bound. Setting a range replaces whatever is there;
// clearing touches own entries only, so that a later Mapping over the same addresses survives the
// deletion of an earlier one.
#pragma once

#include "cap/slot.h"

struct address_space;
struct call;
struct cpu;

// What entries can express of these rights: the processor reads whatever it may write or execute.
static inline uint64_t mapping_rights(uint64_t rights)
{
    return rights == 0 ? 0 : rights | KOZO_RIGHT_READ;
}

// Whether the space's Pool has the tables that are missing in [address, end).
bool mapping_has_tables(const struct address_space *space, uint64_t address, uint64_t end);

// Makes the entries of a part of the range allow `rights`, or clears own ones when that is 0. Gives
// the bytes done: all of `length`, or less when a preemption point is due. The tables must be there
// or in the Pool.
uint64_t mapping_fill(struct cpu *cpu, const struct slot *mapping, uint64_t offset, uint64_t length,
                      unsigned rights);

// Clears own entries from the start, shrinking the Mapping, until it is empty and out of its
// space's list; false when a preemption point is due first.
[[nodiscard]] bool mapping_clear(struct cpu *cpu, struct slot *mapping);

enum kozo_error mapping_set_call(struct call *call);
enum kozo_error mapping_info_call(struct call *call);
