// SPDX-License-Identifier: MIT
// What each page of an AddressSpace shows, and which tables that takes.
#include <string.h>

#include "reference.h"

struct model_map *map_of(struct model *model, name_t space)
{
    for (unsigned i = 0; i < MODEL_SPACES; i++) {
        if (space != 0 && model->map[i].space == space) {
            return &model->map[i];
        }
    }
    return nullptr;
}

void map_add(struct model *model, name_t space)
{
    unsigned at = 0;

    while (model->map[at].space != 0 && model->map[at].space < space) {
        at++;
    }
    memmove(&model->map[at + 1], &model->map[at], (MODEL_SPACES - 1 - at) * sizeof(model->map[0]));
    memset(&model->map[at], 0, sizeof(model->map[0]));
    model->map[at].space = space;
}

static void map_drop(struct model *model, struct model_map *map)
{
    size_t at = (size_t)(map - model->map);

    memmove(map, map + 1, (MODEL_SPACES - 1 - at) * sizeof(*map));
    memset(&model->map[MODEL_SPACES - 1], 0, sizeof(*map));
}

uint64_t count_tables(const struct model_map *map)
{
    uint64_t count = 1;

    for (unsigned i = 0; i < TABLE_PAGES; i++) {
        count += map->table[i];
    }
    return count;
}

static struct model_object *pool_of_map(struct model *model, const struct model_map *map)
{
    return object_in(model, object_in(model, map->space)->space.pool);
}

// What one table, or one large page, covers of a range of pages.
struct group {
    uint64_t number;      // of the entry
    uint64_t first, last; // pages of the range that are in it
    bool whole;
};

static struct group group_at(uint64_t page, uint64_t end)
{
    struct group group = {.number = page / TABLE_PAGES, .first = page};
    uint64_t next = (group.number + 1) * TABLE_PAGES;

    group.last = (next < end ? next : end) - 1;
    group.whole = group.last - group.first + 1 == TABLE_PAGES;
    return group;
}

// Whether memory can be shown as a large page where it is mapped.
static bool is_aligned(const struct model_slot *slot)
{
    return (slot->value - slot->base) % (TABLE_PAGES * PAGE) == 0;
}

static bool is_own_page(const struct model_map *map, const struct model_slot *slot, uint64_t page)
{
    unsigned rights = map->page[page] & MEMORY;

    return page >= slot->value / PAGE && page < (slot->value + slot->size) / PAGE && rights != 0 &&
           map->page[page] - rights == slot->base + page * PAGE - slot->value &&
           (rights & ~(unsigned)slot->rights) == 0;
}

// A large page is a Mapping's own when all of it lies in the Mapping.
static bool is_own_group(const struct model_map *map, const struct model_slot *slot,
                         uint64_t number)
{
    bool own = true;

    for (uint64_t i = 0; i < TABLE_PAGES; i++) {
        own = own && is_own_page(map, slot, number * TABLE_PAGES + i);
    }
    return own;
}

static void make_table(struct model *model, struct model_map *map, uint64_t number)
{
    if (!map->table[number]) {
        map->table[number] = true;
        map->large[number] = false;
        pool_of_map(model, map)->pool.taken++;
    }
}

bool has_tables(struct model *model, const struct model_slot *slot, uint64_t offset, uint64_t pages,
                bool fills)
{
    const struct model_map *map = map_of(model, slot->object);
    const struct model_object *pool = pool_of_map(model, map);
    uint64_t end = (slot->value + offset) / PAGE + pages;
    uint64_t missing = 0;

    for (uint64_t page = (slot->value + offset) / PAGE; page < end;) {
        struct group group = group_at(page, end);
        bool fits = group.whole && (!fills || is_aligned(slot));
        missing += !map->table[group.number] && !fits && (fills || map->large[group.number]);
        page = group.last + 1;
    }
    return missing <= pool->pool.donated - pool->pool.taken;
}

// Lets `pages` pages of a Mapping, from `offset` on, allow `rights`.
void show(struct model *model, name_t mapping, uint64_t offset, uint64_t pages, unsigned rights)
{
    const struct model_slot *slot = slot_in(model, mapping);
    struct model_map *map = map_of(model, slot->object);
    uint64_t end = (slot->value + offset) / PAGE + pages;

    for (uint64_t page = (slot->value + offset) / PAGE; page < end;) {
        struct group group = group_at(page, end);
        if (group.whole && is_aligned(slot) && !map->table[group.number]) {
            map->large[group.number] = true;
        } else {
            make_table(model, map, group.number);
        }
        for (; page <= group.last; page++) {
            map->page[page] = (uint32_t)(slot->base + page * PAGE - slot->value) | rights;
        }
    }
}

// Leaves to what is the Mapping's own in a part of it only some rights. A large page that is only partly in the
// part is split, or else left alone.
void limit(struct model *model, name_t mapping, uint64_t offset, uint64_t pages, unsigned rights,
           bool splits)
{
    const struct model_slot *slot = slot_in(model, mapping);
    struct model_map *map = map_of(model, slot->object);
    uint64_t end = (slot->value + offset) / PAGE + pages;

    for (uint64_t page = (slot->value + offset) / PAGE; map != nullptr && page < end;) {
        struct group group = group_at(page, end);
        page = group.last + 1;
        if (map->large[group.number]) {
            if (!is_own_group(map, slot, group.number) || (!group.whole && !splits)) {
                continue;
            }
            if (!group.whole) {
                make_table(model, map, group.number);
            } else if (rights == 0) {
                map->large[group.number] = false;
            }
        }
        for (uint64_t i = group.first; i <= group.last; i++) {
            if (is_own_page(map, slot, i)) {
                map->page[i] &= rights == 0 ? 0 : ~MEMORY | rights;
            }
        }
    }
}

void trim(struct model *model, name_t space, uint64_t first)
{
    struct model_map *map = map_of(model, space);

    for (uint64_t i = first / TABLE_PAGES; i < TABLE_PAGES; i++) {
        bool is_empty = map->table[i];
        for (uint64_t page = i * TABLE_PAGES; page < (i + 1) * TABLE_PAGES; page++) {
            is_empty = is_empty && map->page[page] == 0;
        }
        if (is_empty) {
            map->table[i] = false;
            pool_of_map(model, map)->pool.taken--;
        }
    }
}

// Shows in `copy` what is the source's own in one group. False when there is no page for a table.
static bool clone_group(struct model *model, name_t source, name_t copy, struct group group,
                        unsigned rights)
{
    const struct model_slot *slot = slot_in(model, source);
    struct model_map *from = map_of(model, slot->object);
    struct model_map *to = map_of(model, slot_in(model, copy)->object);
    uint64_t offset = group.first * PAGE - slot->value;
    uint64_t pages = group.last - group.first + 1;

    if (from->large[group.number]) {
        if (!is_own_group(from, slot, group.number)) {
            return true;
        }
        if (!has_tables(model, slot_in(model, copy), offset, pages, true)) {
            return false;
        }
        unsigned left = from->page[group.first] & rights & MEMORY;
        // All of the large page, whatever part of it is copied.
        limit(model, source, group.number * TABLE_PAGES * PAGE - slot->value, TABLE_PAGES, rights,
              false);
        show(model, copy, offset, pages, left);
        return true;
    }
    if (!from->table[group.number]) {
        return true;
    }
    if (!to->table[group.number] &&
        pool_of_map(model, to)->pool.taken == pool_of_map(model, to)->pool.donated) {
        return false;
    }
    make_table(model, to, group.number);
    for (uint64_t i = group.first; i <= group.last; i++) {
        if (is_own_page(from, slot, i)) {
            from->page[i] &= ~MEMORY | rights;
            to->page[i] = from->page[i];
        }
    }
    return true;
}

bool clone(struct model *model, name_t source, name_t copy, uint64_t *offset, unsigned rights)
{
    const struct model_slot *slot = slot_in(model, source);
    uint64_t end = (slot->value + slot->size) / PAGE;

    rights &= slot->rights;
    if (*offset >= slot->size) {
        return true;
    }
    if (rights == 0) {
        limit(model, source, *offset, (slot->size - *offset) / PAGE, 0, false);
        return true;
    }
    while (*offset < slot->size) {
        struct group group = group_at((slot->value + *offset) / PAGE, end);
        if (!clone_group(model, source, copy, group, rights)) {
            return false;
        }
        *offset = (group.last + 1) * PAGE - slot->value;
    }
    return true;
}

static name_t find_mapping(struct model *model, name_t space)
{
    for (name_t i = 1; i < UNITS; i++) {
        if (model->slot[i].type == KOZO_TYPE_MAPPING && model->slot[i].object == space) {
            return i;
        }
    }
    return 0;
}

unsigned count_spaces(struct model *model, name_t pool)
{
    unsigned count = 0;

    for (name_t i = 1; i < UNITS; i++) {
        count +=
            model->object[i].type == KOZO_TYPE_ADDRESS_SPACE && model->object[i].space.pool == pool;
    }
    return count;
}

// The AddressSpace goes off its Pool. The tables go back if the Pool itself stays.
void leave_pool(struct model *model, name_t space, bool give_back)
{
    name_t pool = object_in(model, space)->space.pool;
    struct model_map *map = map_of(model, space);

    for (name_t i = find_mapping(model, space); i != 0; i = find_mapping(model, space)) {
        empty_slot(model, i);
    }
    if (map != nullptr) {
        object_in(model, pool)->pool.taken -= give_back ? count_tables(map) : 0;
        map_drop(model, map);
    }
    object_in(model, space)->space.pool = 0;
    if (count_spaces(model, pool) == 0) {
        object_in(model, pool)->pool.taken = 0;
    }
}

void clear_pool(struct model *model, name_t pool)
{
    for (name_t i = 1; i < UNITS; i++) {
        if (model->object[i].type == KOZO_TYPE_ADDRESS_SPACE &&
            model->object[i].space.pool == pool) {
            leave_pool(model, i, false);
        }
    }
}

uint64_t donor_pages(const struct model_slot *donor)
{
    uint64_t start = (donor->base + PAGE - 1) / PAGE * PAGE;

    return start < donor->base + donor->size ? (donor->base + donor->size - start) / PAGE : 0;
}
