// SPDX-License-Identifier: MIT
// AddressSpaces with every entry of their tables, and the Pools that tables come from.
#include "found.h"
#include "mem/table.h"
#include "object/address_space.h"
#include "object/mapping.h"
#include "object/pool.h"
#include "rules.h"

// M1: while a bound is being reduced, entries from the offset on may still have the rights of before.
static unsigned bound_of(const struct slot *mapping, uint64_t offset)
{
    bool is_done = offset < (mapping->lowering & ~(PAGE - 1));

    return mapping->rights | (is_done ? 0 : (unsigned)(mapping->lowering & LOWERING_RIGHTS));
}

static bool is_own(const struct slot *mapping, uint64_t address, unsigned level, arch_entry_t entry)
{
    bool device = (mapping->flags & SLOT_DEVICE) != 0;
    unsigned rights = arch_entry_rights(entry);
    uint64_t offset = address - mapping->value;

    return address >= mapping->value && offset < mapping->size &&
           table_span(level) <= mapping->size - offset &&
           (rights & ~bound_of(mapping, offset)) == 0 &&
           entry == arch_entry_leaf(mapping->base + offset, level, rights, device);
}

static bool is_covered(const struct address_space *space, uint64_t address, unsigned level,
                       arch_entry_t entry)
{
    for (link_t at = space->mappings; at != 0; at = slot_at(at)->list_next) {
        if (is_own(slot_at(at), address, level, entry)) {
            return true;
        }
    }
    return false;
}

static bool is_in_donor(const struct pool *pool, physical_t page)
{
    for (unsigned i = 0; i < POOL_DONORS; i++) {
        const struct slot *donor = &pool->donor[i];
        uint64_t start = (PAGE - donor->base % PAGE) % PAGE;
        if (donor->type != KOZO_TYPE_NONE && page >= donor->base + start &&
            page < donor->base + start + donor->value) {
            return true;
        }
    }
    return false;
}

static bool note_page(const struct pool *pool, physical_t page, const void *who)
{
    RULE(page % PAGE == 0 && is_in_donor(pool, page), "P2: a table is a page of its Pool", who);
    RULE(!found.table[page / PAGE], "P2: a page of a Pool is in one place", who);
    found.table[page / PAGE] = true;
    return true;
}

// Looks at every entry of a space, table by table, and counts the tables.
static bool walk_space(const struct address_space *space, const struct pool *pool, unsigned *tables)
{
    physical_t path[ARCH_LEVELS] = {[ARCH_LEVELS - 1] = space->root};
    uint64_t index[ARCH_LEVELS] = {};
    unsigned level = ARCH_LEVELS - 1;
    uint64_t address = 0;

    *tables = 1;
    if (!note_page(pool, space->root, space)) {
        return false;
    }
    while (level < ARCH_LEVELS) {
        if (index[level] == TABLE_ENTRIES) {
            level++;
            continue;
        }
        arch_entry_t entry = ((arch_entry_t *)arch_window(path[level]))[index[level]++];
        if (arch_entry_is_table(entry, level)) {
            physical_t table = arch_entry_address(entry, level);
            path[--level] = table;
            index[level] = 0;
            ++*tables;
            if (!note_page(pool, path[level], space)) {
                return false;
            }
            continue;
        }
        RULE(!arch_entry_present(entry) || is_dying(&space->object) ||
                 is_covered(space, address, level, entry),
             "A1: every entry is that of a Mapping, with no right beyond it", space);
        RULE(!arch_entry_present(entry) || address < ARCH_USER_END, "A1: entries are for users",
             space);
        RULE(!arch_entry_present(entry) ||
                 (level <= ARCH_LARGE_LEVEL &&
                  arch_entry_address(entry, level) % table_span(level) == 0),
             "a large page is aligned", space);
        address += table_span(level);
    }
    return true;
}

static bool check_mappings(const struct address_space *space)
{
    unsigned count = 0;
    link_t previous = 0;

    for (link_t at = space->mappings; at != 0; at = slot_at(at)->list_next) {
        const struct slot *mapping = slot_at(at);
        RULE(in_ram(at) && found.seen[at] && mapping->type == KOZO_TYPE_MAPPING &&
                 mapping->object == link_to(space) && mapping->list_previous == previous,
             "A2: the list holds Mappings of the space", space);
        RULE(mapping->lowering == 0 || ((mapping->lowering & LOWERING) != 0 &&
                                        (mapping->lowering & ~(PAGE - 1)) < mapping->size),
             "M1: a bound is being reduced, or it is not", space);
        previous = at;
        count++;
    }
    RULE(count == space->mapping_count, "A2: Mappings are counted", space);
    return true;
}

static bool check_space(const struct address_space *space, const struct pool *pool)
{
    unsigned tables = 0;

    if (!check_mappings(space)) {
        return false;
    }
    RULE(space->root == 0 || space->pool != 0, "A3: a root comes from a Pool", space);
    if (space->near != 0 || space->near_end != 0) {
        RULE(space->root != 0 && space->near_end % table_span(1) == 0 &&
                 space->near_end - table_span(1) < ARCH_USER_END,
             "A4: the table found last is one of the space", space);
        uint64_t start = space->near_end - table_span(1);
        struct table_place at = table_walk(space->root, start);
        RULE(at.level == 0 && at.entry == (arch_entry_t *)arch_window(space->near),
             "A4: the table found last is the one that is there", space);
    }
    RULE(space->pool != 0 || space->mappings == 0, "A3: without a Pool there are no Mappings",
         space);
    if (space->root != 0 && !walk_space(space, pool, &tables)) {
        return false;
    }
    RULE(tables == space->tables, "a space counts its tables", space);
    return true;
}

// All Mappings are in the list of a space: their number is the sum of the lengths.
static bool check_mappings_listed(unsigned listed)
{
    for (unsigned i = 0; i < found.slots; i++) {
        const struct slot *slot = slot_at(found.slot[i]);
        if (slot->type == KOZO_TYPE_MAPPING) {
            RULE(is_object(slot->object, KOZO_TYPE_ADDRESS_SPACE),
                 "A2: a Mapping names an AddressSpace", slot);
            listed--;
        }
    }
    RULE(listed == 0, "A2: every Mapping is in the list of its space", &kernel);
    return true;
}

bool check_spaces(void)
{
    const struct address_space *space;
    unsigned outside = kernel.processors;
    unsigned listed = 0;

    for (unsigned i = 0; i < kernel.processors; i++) {
        outside -= kernel.cpu[i].arch.root == 0;
    }

    for (unsigned at = 0; (space = next_object(&at, KOZO_TYPE_ADDRESS_SPACE)) != nullptr;) {
        RULE(space->pool == 0 || is_object(space->pool, KOZO_TYPE_POOL), "a space is on a Pool",
             space);
        if (!check_space(space, link_target(space->pool))) {
            return false;
        }
        listed += space->mapping_count;
        for (unsigned i = 0; space->root != 0 && i < kernel.processors; i++) {
            outside -= kernel.cpu[i].arch.root == space->root;
        }
    }
    RULE(outside == 0, "the page tables in use belong to an AddressSpace", &kernel);
    RULE(host_stale() == UINT64_MAX, "no translation is cached that the tables do not have",
         &kernel);
    return check_mappings_listed(listed);
}

static bool check_free_pages(const struct pool *pool, unsigned *pages)
{
    for (physical_t page = pool->free; page != 0; page = *(physical_t *)arch_window(page)) {
        if (!note_page(pool, page, pool)) {
            return false;
        }
        RULE(is_zero((physical_t *)arch_window(page) + 1, PAGE - sizeof(physical_t)),
             "a free page of a Pool is zero but for its link", pool);
        ++*pages;
    }
    return true;
}

static bool check_pool(const struct pool *pool)
{
    uint64_t tables = 0;
    uint64_t below = 0;
    uint64_t donated = 0;
    unsigned spaces = 0;
    unsigned free = 0;

    for (link_t at = pool->spaces; at != 0;) {
        const struct address_space *space = link_target(at);
        RULE(is_object(at, KOZO_TYPE_ADDRESS_SPACE) && space->pool == link_to(pool) &&
                 spaces < UNITS,
             "a Pool's list holds the spaces on it", pool);
        tables += space->tables;
        spaces++;
        at = space->pool_next;
    }
    RULE(spaces == pool->space_count, "a Pool counts its spaces", pool);
    for (unsigned i = 0; i < POOL_DONORS; i++) {
        const struct slot *donor = &pool->donor[i];
        uint64_t start = (PAGE - donor->base % PAGE) % PAGE;
        below += donor->value / PAGE;
        donated += donor->size > start ? (donor->size - start) / PAGE : 0;
    }
    if (!check_free_pages(pool, &free)) {
        return false;
    }
    RULE(donated == pool->donated, "a Pool counts what was donated", pool);
    RULE(pool->taken >= tables, "P1: what is taken holds all tables", pool);
    RULE(below == pool->taken + free, "P2: a page of a Pool is in one place", pool);
    RULE(pool->taken == tables || pool->spaces != 0, "P1: without spaces all pages are free", pool);
    return true;
}

bool check_pools(void)
{
    const struct pool *pool;

    for (unsigned at = 0; (pool = next_object(&at, KOZO_TYPE_POOL)) != nullptr;) {
        if (!check_pool(pool)) {
            return false;
        }
    }
    return true;
}
