// SPDX-License-Identifier: MIT
// Walking page tables, through the window. Levels count from 0, whose entries map the smallest
// pages; the root is at ARCH_LEVELS - 1. Addresses are user addresses.
//
// An entry above level 0 is a table, a leaf (a large page), or nothing.
#pragma once

#include "arch/arch.h"

struct address_space;
struct cpu;

constexpr uint64_t TABLE_ENTRIES = (uint64_t)1 << ARCH_TABLE_BITS;

// Bytes that one entry of this level covers.
static inline uint64_t table_span(unsigned level)
{
    return (uint64_t)1 << (ARCH_PAGE_BITS + level * ARCH_TABLE_BITS);
}

// Where an entry stands.
struct table_place {
    arch_entry_t *entry;
    unsigned level;
};

static inline arch_entry_t *table_entry(physical_t table, uint64_t address, unsigned level)
{
    uint64_t index = address / table_span(level) % TABLE_ENTRIES;

    return (arch_entry_t *)arch_window(table) + index;
}

// The entry that an address ends at: the first on the way that is no table.
static inline struct table_place table_walk(physical_t root, uint64_t address)
{
    struct table_place at = {table_entry(root, address, ARCH_LEVELS - 1), ARCH_LEVELS - 1};

    while (arch_entry_is_table(*at.entry, at.level)) {
        physical_t table = arch_entry_address(*at.entry, at.level);
        at.level--;
        at.entry = table_entry(table, address, at.level);
    }
    return at;
}

// Puts a table in the place of an entry that is none, taken from the space's Pool, which must have one. The
// table shows what the entry did. Gives the address's place in it.
struct table_place table_split(struct cpu *cpu, struct address_space *space, struct table_place at,
                               uint64_t address);

// Whether the entry of an address, on whatever level, allows a thread all of these rights.
[[nodiscard]] bool table_allows(physical_t root, uint64_t address, unsigned rights);

// Whether the space's Pool has all tables that may be needed to change [address, end). `shift` is
// the user address less the physical one, on which depends where large pages fit. `fills`: memory is
// to be shown there; else large pages may have to be split, and no more. What is there already is
// looked at only if the Pool might be too small otherwise, and then only so far; beyond that a
// range counts as empty.
[[nodiscard]] bool tables_suffice(const struct address_space *space, uint64_t address, uint64_t end,
                                  uint64_t shift, bool fills);

// Gives the space's tables back to its Pool, the root last. False when a preemption point is due;
// `cursor`, which begins as 0, then tells where to go on.
[[nodiscard]] bool tables_release(struct cpu *cpu, struct address_space *space, uint64_t *cursor);

// Gives tables without entries back to the Pool, from the cursor up, and moves that. The root stays.
// False when a preemption point is due.
[[nodiscard]] bool tables_trim(struct cpu *cpu, struct address_space *space, uint64_t *cursor);
