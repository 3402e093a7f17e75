// SPDX-License-Identifier: MIT
#include "mem/table.h"

#include "lib/memory.h"
#include "object/address_space.h"
#include "object/pool.h"

static arch_entry_t *entry_at(physical_t table, uint64_t address, unsigned level)
{
    uint64_t index = address / table_span(level) % TABLE_ENTRIES;

    return (arch_entry_t *)arch_window(table) + index;
}

arch_entry_t *table_find(physical_t root, uint64_t address)
{
    physical_t table = root;

    for (unsigned level = ARCH_LEVELS - 1; level > 0; level--) {
        arch_entry_t entry = *entry_at(table, address, level);
        if (!arch_entry_present(entry)) {
            return nullptr;
        }
        table = arch_entry_address(entry, level);
    }
    return entry_at(table, address, 0);
}

arch_entry_t *table_make(struct address_space *space, uint64_t address)
{
    physical_t table = space->root;

    for (unsigned level = ARCH_LEVELS - 1; level > 0; level--) {
        arch_entry_t *entry = entry_at(table, address, level);
        if (!arch_entry_present(*entry)) {
            *entry = arch_entry_table(pool_take(link_target(space->pool)));
            space->tables++;
        }
        table = arch_entry_address(*entry, level);
    }
    return entry_at(table, address, 0);
}

bool table_allows(physical_t root, uint64_t address, unsigned rights)
{
    physical_t table = root;

    for (unsigned level = ARCH_LEVELS; root != 0 && address < ARCH_USER_END && level > 0; level--) {
        arch_entry_t entry = *entry_at(table, address, level - 1);
        if (!arch_entry_present(entry)) {
            return false;
        }
        if (arch_entry_is_leaf(entry, level - 1)) {
            return (rights & ~arch_entry_rights(entry)) == 0;
        }
        table = arch_entry_address(entry, level - 1);
    }
    return false;
}

// Tables below level `level` that a range needs where nothing is there yet.
static uint64_t tables_below(uint64_t address, uint64_t end, unsigned level)
{
    uint64_t sum = 0;

    for (unsigned i = level; i > 0; i--) {
        sum += (end - 1) / table_span(i) - address / table_span(i) + 1;
    }
    return sum;
}

uint64_t tables_missing(physical_t root, uint64_t address, uint64_t end)
{
    uint64_t missing = 0;

    while (address < end) {
        physical_t table = root;
        unsigned level = ARCH_LEVELS - 1;
        arch_entry_t entry = *entry_at(table, address, level);
        while (level > 1 && arch_entry_present(entry)) {
            table = arch_entry_address(entry, level);
            level--;
            entry = *entry_at(table, address, level);
        }
        uint64_t next = (address / table_span(level) + 1) * table_span(level);
        if (next > end) {
            next = end;
        }
        if (!arch_entry_present(entry)) {
            missing += tables_below(address, next, level);
        }
        address = next;
    }
    return missing;
}

static void release(struct address_space *space, physical_t table)
{
    memory_zero(arch_window(table), TABLE_ENTRIES * sizeof(arch_entry_t));
    pool_give(link_target(space->pool), table);
    space->tables--;
}

bool table_release(struct address_space *space, uint64_t *cursor)
{
    physical_t path[ARCH_LEVELS];
    unsigned level = ARCH_LEVELS - 1;

    path[level] = space->root;
    while (level > 0) {
        arch_entry_t entry = *entry_at(path[level], *cursor, level);
        if (!arch_entry_present(entry)) {
            break;
        }
        path[level - 1] = arch_entry_address(entry, level);
        level--;
    }
    // What lies below path[level] at the cursor is done. A table whose end the cursor reaches is
    // done as well.
    uint64_t span = table_span(level == 0 ? 1 : level);
    uint64_t next = (*cursor / span + 1) * span;
    bool end = next >= ARCH_USER_END;
    while (level < ARCH_LEVELS - 1 && (end || next % table_span(level + 1) == 0)) {
        *entry_at(path[level + 1], *cursor, level + 1) = 0;
        release(space, path[level]);
        level++;
    }
    *cursor = next;
    if (end) {
        release(space, space->root);
        space->root = 0;
    }
    return !end;
}
