// SPDX-License-Identifier: MIT
#include "table.h"

#include "supply.h"

constexpr uint64_t STEP = 0x8000; // bytes that are taken at a time

void table_start(struct table *table, enum table_place place, size_t size, uint32_t most)
{
    *table = (struct table){.items = supply_table(place), .size = size, .most = most};
}

bool table_reach(struct table *table, uint32_t count)
{
    while (count * table->size > table->there) {
        if (!supply_take(table->items + table->there, STEP)) {
            return false;
        }
        table->there += STEP;
    }
    return true;
}

void *table_new(struct table *table)
{
    if (table->made == table->most || !table_reach(table, table->made + 1)) {
        return nullptr;
    }
    return table->items + (size_t)table->made++ * table->size;
}
