// SPDX-License-Identifier: MIT
#include "mem/table.h"

#include "tests/world.h"

constexpr uint64_t SPACE = AT_FREE;

static struct address_space *space;

static void begin(void)
{
    world_begin();
    world_make(KOZO_TYPE_ADDRESS_SPACE, 0, SPACE);
    CHECK(CALL(POOL_ATTACH, AT_POOL, SPACE) == KOZO_OK);
    space = (struct address_space *)world_object(SPACE);
}

// Tables of levels 0 to ARCH_LEVELS - 2 that a range takes where nothing is yet.
static uint64_t needed(uint64_t address, uint64_t end)
{
    uint64_t sum = 0;

    for (unsigned level = 1; level < ARCH_LEVELS; level++) {
        sum += (end - 1) / table_span(level) - address / table_span(level) + 1;
    }
    return sum;
}

TEST("an entry is found once its tables were made")
{
    begin();
    CHECK(table_find(space->root, 0) == nullptr);
    arch_entry_t *entry = table_make(space, table_span(1) + PAGE);
    CHECK(space->tables == ARCH_LEVELS);
    CHECK(table_find(space->root, table_span(1) + PAGE) == entry);
    CHECK(table_find(space->root, table_span(1)) == entry - 1);
    CHECK(table_find(space->root, 0) == (ARCH_LEVELS > 1 ? nullptr : entry));
    CHECK(table_make(space, table_span(1) + 2 * PAGE) == entry + 1);
    CHECK(space->tables == ARCH_LEVELS);
}

TEST("missing tables are counted exactly, in an empty space and in a part of one")
{
    begin();
    CHECK(tables_missing(space->root, 0, PAGE) == ARCH_LEVELS - 1);
    CHECK(tables_missing(space->root, 0, ARCH_USER_END) == needed(0, ARCH_USER_END));
    CHECK(tables_missing(space->root, table_span(1) - PAGE, table_span(1) + PAGE) ==
          needed(table_span(1) - PAGE, table_span(1) + PAGE));
    (void)table_make(space, 2 * table_span(1));
    CHECK(tables_missing(space->root, 2 * table_span(1), 3 * table_span(1)) == 0);
    CHECK(tables_missing(space->root, 2 * table_span(1), 3 * table_span(1) + PAGE) == 1);
    CHECK(tables_missing(space->root, 0, 4 * table_span(1)) == 3);
    CHECK(tables_missing(space->root, 0, ARCH_USER_END) ==
          needed(0, ARCH_USER_END) - (ARCH_LEVELS - 1));
}

TEST("releasing gives back every table, wherever it is, and the root last")
{
    static const uint64_t places[] = {0, 1, 3, 6};

    begin();
    for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        (void)table_make(space, places[i] * table_span(1));
    }
    (void)table_make(space, ARCH_USER_END - PAGE);
    uint64_t cursor = 0;
    uint64_t last = 0;
    unsigned steps = 0;
    while (table_release(space, &cursor)) {
        CHECK(cursor > last && space->root != 0);
        last = cursor;
        steps++;
        REQUIRE(steps < 4 * TABLE_ENTRIES * ARCH_LEVELS);
    }
    CHECK(space->tables == 0 && space->root == 0);
    // The Pool has all of them again, but knows the space still.
    CHECK(CALL(CNODE_DELETE, SPACE) == KOZO_OK);
}
