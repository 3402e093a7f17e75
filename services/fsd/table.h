// SPDX-License-Identifier: MIT
// Items of one size in one place, of which only as many have memory as were ever in use at a time: a
// new one is made when those that were made before are all taken. They keep their places.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct table {
    uint8_t *items;
    size_t size;    // bytes of an item
    uint32_t made;  // items so far
    uint32_t most;  // there may be
    uint64_t there; // bytes that have memory
};

// Which place of memory a table has.
enum table_place : uint32_t {
    TABLE_PAGES,
    TABLE_NODES,
    TABLE_NAMES_SHORT,
    TABLE_NAMES_LONG,
    TABLE_HANDLES,
    TABLES,
};

void table_start(struct table *table, enum table_place place, size_t size, uint32_t most);

// Makes memory for the first `count` items; false when there is none.
[[nodiscard]] bool table_reach(struct table *table, uint32_t count);

// One more item, all zeros; null when there are as many as there may be, or no memory.
[[nodiscard]] void *table_new(struct table *table);
