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

static uint64_t count_missing(const struct model_map *map, uint64_t first, uint64_t pages)
{
    uint64_t count = 0;

    for (uint64_t i = first / TABLE_PAGES; i <= (first + pages - 1) / TABLE_PAGES; i++) {
        count += !map->table[i];
    }
    return count;
}

static struct model_object *pool_of_map(struct model *model, const struct model_map *map)
{
    return object_in(model, object_in(model, map->space)->space.pool);
}

bool has_tables(struct model *model, const struct model_map *map, uint64_t first, uint64_t pages)
{
    const struct model_object *pool = pool_of_map(model, map);

    return count_missing(map, first, pages) <= pool->pool.donated - pool->pool.taken;
}

// Lets `pages` pages of a Mapping, from `offset` on, allow `rights`.
void show(struct model *model, name_t mapping, uint64_t offset, uint64_t pages, unsigned rights)
{
    const struct model_slot *slot = slot_in(model, mapping);
    struct model_map *map = map_of(model, slot->object);

    for (uint64_t i = 0; i < pages; i++) {
        uint64_t page = (slot->value + offset) / PAGE + i;
        if (!map->table[page / TABLE_PAGES]) {
            map->table[page / TABLE_PAGES] = true;
            pool_of_map(model, map)->pool.taken++;
        }
        map->page[page] = (uint32_t)(slot->base + offset + i * PAGE) | rights;
    }
}

// Clears what is the Mapping's own: its translation, with no right beyond its bound.
void hide(struct model *model, name_t mapping, uint64_t offset, uint64_t pages)
{
    const struct model_slot *slot = slot_in(model, mapping);
    struct model_map *map = map_of(model, slot->object);

    for (uint64_t i = 0; map != nullptr && i < pages; i++) {
        uint32_t *page = &map->page[(slot->value + offset) / PAGE + i];
        unsigned rights = *page & MEMORY;
        if (rights != 0 && *page - rights == slot->base + offset + i * PAGE &&
            (rights & ~(unsigned)slot->rights) == 0) {
            *page = 0;
        }
    }
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
