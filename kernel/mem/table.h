// SPDX-License-Identifier: MIT
// Walking page tables, through the window. Levels count from 0, whose entries map the smallest
// pages; the root is at ARCH_LEVELS - 1. Addresses are user addresses.
#pragma once

#include "arch/arch.h"

struct address_space;

constexpr uint64_t TABLE_ENTRIES = (uint64_t)1 << ARCH_TABLE_BITS;

// Bytes that one entry of this level covers.
static inline uint64_t table_span(unsigned level)
{
    return (uint64_t)1 << (ARCH_PAGE_BITS + level * ARCH_TABLE_BITS);
}

// The level-0 entry of an address; null when a table on the way is missing.
arch_entry_t *table_find(physical_t root, uint64_t address);

// The same, with missing tables made from the space's Pool, which must have as many as
// tables_missing says.
arch_entry_t *table_make(struct address_space *space, uint64_t address);

// Whether the entry of an address, on whatever level, allows a thread all of these rights.
bool table_allows(physical_t root, uint64_t address, unsigned rights);

// How many tables are missing to map all of [address, end).
uint64_t tables_missing(physical_t root, uint64_t address, uint64_t end);

// Gives the first table at or above the cursor, and those that end with it, back to the Pool, and
// moves the cursor past it. False when the root itself was given back, which is last.
bool table_release(struct address_space *space, uint64_t *cursor);
