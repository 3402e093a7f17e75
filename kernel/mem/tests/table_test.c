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

// Makes the tables on the way to an address; gives its entry.
static arch_entry_t *make(uint64_t address)
{
    struct table_place at = table_walk(space->root, address);

    while (at.level > 0) {
        at = table_split(arch_cpu(), space, at, address);
    }
    return at.entry;
}

// Whether the Pool's pages that are left suffice for a range with exactly `needed` missing tables: with as many,
// and not with one fewer.
static bool suffice_exactly(uint64_t address, uint64_t end, uint64_t shift, bool fills,
                            uint64_t needed)
{
    struct pool *pool = (struct pool *)world_object(AT_POOL);
    uint64_t donated = pool->donated;

    pool->donated = pool->taken + needed;
    bool well = tables_suffice(space, address, end, shift, fills);
    pool->donated -= 1;
    well = well && (needed == 0 || !tables_suffice(space, address, end, shift, fills));
    pool->donated = donated;
    return well;
}

constexpr uint64_t ODD = PAGE; // a shift that no large page fits

TEST("a walk ends where a table is missing")
{
    begin();
    CHECK(table_walk(space->root, 0).level == ARCH_LEVELS - 1);
    arch_entry_t *entry = make(table_span(1) + PAGE);
    CHECK(space->tables == ARCH_LEVELS);
    CHECK(table_walk(space->root, table_span(1) + PAGE).entry == entry);
    CHECK(table_walk(space->root, table_span(1)).entry == entry - 1);
    CHECK(table_walk(space->root, 0).level == 1);
    CHECK(make(table_span(1) + 2 * PAGE) == entry + 1);
    CHECK(space->tables == ARCH_LEVELS);
}

TEST("missing tables are counted exactly, in an empty space and in a part of one")
{
    begin();
    CHECK(suffice_exactly(0, PAGE, ODD, true, ARCH_LEVELS - 1));
    CHECK(suffice_exactly(0, ARCH_USER_END, ODD, true, needed(0, ARCH_USER_END)));
    CHECK(suffice_exactly(table_span(1) - PAGE, table_span(1) + PAGE, ODD, true,
                          needed(table_span(1) - PAGE, table_span(1) + PAGE)));
    (void)make(2 * table_span(1));
    CHECK(suffice_exactly(2 * table_span(1), 3 * table_span(1), ODD, true, 0));
    CHECK(suffice_exactly(2 * table_span(1), 3 * table_span(1) + PAGE, ODD, true, 1));
    CHECK(suffice_exactly(0, 4 * table_span(1), ODD, true, 3));
    uint64_t end = 200 * table_span(1) < ARCH_USER_END ? 200 * table_span(1) : ARCH_USER_END;
    CHECK(suffice_exactly(0, end, ODD, true, needed(0, end) - (ARCH_LEVELS - 1)));
}

TEST("where large pages fit, tables are needed at the ends only")
{
    begin();
    uint64_t span = table_span(1);
    CHECK(suffice_exactly(span, 3 * span, 0, true, ARCH_LEVELS - 2));
    CHECK(suffice_exactly(span - PAGE, 3 * span, 0, true, ARCH_LEVELS - 1));
    CHECK(suffice_exactly(span - PAGE, 3 * span + PAGE, 0, true, ARCH_LEVELS));
    CHECK(suffice_exactly(span - PAGE, span + PAGE, 0, true, ARCH_LEVELS));
    // To clear takes a table only where a large page is cut.
    CHECK(suffice_exactly(span, 3 * span, 0, false, 0));
    CHECK(suffice_exactly(span + PAGE, 3 * span - PAGE, 0, false, 0));
    struct table_place at = table_walk(space->root, span);
    while (at.level > 1) {
        at = table_split(arch_cpu(), space, at, span);
    }
    *at.entry = arch_entry_leaf(0, 1, KOZO_RIGHT_READ, false);
    CHECK(suffice_exactly(span, 3 * span - PAGE, 0, false, 0));
    CHECK(suffice_exactly(span + PAGE, 3 * span - PAGE, 0, false, 1));
    *at.entry = 0;
}

TEST("a range with more tables than are looked at counts as empty beyond them")
{
    begin();
    constexpr uint64_t MOST = 256;
    if (table_span(1) * (MOST + 2) > ARCH_USER_END) {
        return;
    }
    // All entries lead to the same table: what is in it does not matter.
    (void)make(0);
    struct table_place way = table_walk(space->root, table_span(1));
    CHECK(way.level == 1);
    for (uint64_t i = 0; i < MOST; i++) {
        way.entry[i] = way.entry[-1];
    }
    CHECK(suffice_exactly(0, MOST * table_span(1), ODD, true, 0));
    CHECK(suffice_exactly(0, (MOST + 1) * table_span(1), ODD, true, ARCH_LEVELS - 1));
    CHECK(suffice_exactly(PAGE, (MOST + 1) * table_span(1) - PAGE, 0, false, 2));
    for (uint64_t i = 0; i < MOST; i++) {
        way.entry[i] = 0;
    }
}

TEST("a large page is split into small ones that show the same")
{
    begin();
    struct table_place at = table_walk(space->root, 0);
    while (at.level > 1) {
        at = table_split(arch_cpu(), space, at, 0);
    }
    *at.entry = arch_entry_leaf(0, 1, KOZO_RIGHT_READ | KOZO_RIGHT_WRITE, false);
    struct table_place small = table_split(arch_cpu(), space, at, PAGE);
    CHECK(small.level == 0 && arch_entry_is_table(*at.entry, 1));
    CHECK(*small.entry == arch_entry_leaf(PAGE, 0, KOZO_RIGHT_READ | KOZO_RIGHT_WRITE, false));
    for (uint64_t i = 0; i < TABLE_ENTRIES; i++) {
        *table_entry(arch_entry_address(*at.entry, 1), i * PAGE, 0) = 0;
    }
}

TEST("releasing gives back every table, wherever it is, and the root last")
{
    static const uint64_t places[] = {0, 1, 3, 6};

    begin();
    for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        (void)make(places[i] * table_span(1));
    }
    (void)make(ARCH_USER_END - PAGE);
    uint64_t cursor = 0;
    unsigned steps = 0;
    host_work_limit = 1;
    while (!tables_release(arch_cpu(), space, &cursor)) {
        CHECK(space->root != 0);
        steps++;
        REQUIRE(steps < 64);
    }
    CHECK(steps >= 4 && space->tables == 0 && space->root == 0);
    // The Pool has all of them again, but knows the space still.
    CHECK(CALL(CNODE_DELETE, SPACE) == KOZO_OK);
}

TEST("trimming gives back tables that are empty, with those above them, and no other")
{
    begin();
    (void)make(0);
    arch_entry_t *kept = make(3 * table_span(1));
    (void)make(4 * table_span(1));
    (void)make(ARCH_USER_END - PAGE);
    *kept = arch_entry_leaf(0, 0, KOZO_RIGHT_READ, false);
    uint64_t cursor = 0;
    unsigned steps = 0;
    host_work_limit = 1;
    while (!tables_trim(arch_cpu(), space, &cursor)) {
        steps++;
        REQUIRE(steps < 4096);
    }
    CHECK(steps > 3 && space->tables == ARCH_LEVELS);
    CHECK(table_walk(space->root, 3 * table_span(1)).level == 0);
    CHECK(table_walk(space->root, 0).level == 1);
    *kept = 0;
    cursor = 0;
    while (!tables_trim(arch_cpu(), space, &cursor)) {
    }
    CHECK(space->tables == 1);
}
