// SPDX-License-Identifier: MIT
// Mapping a Frame, and what a Mapping does then.
#include "tests/world.h"

#include "mem/table.h"

constexpr uint64_t FRAME = AT_FREE; // of eight pages
constexpr uint64_t MAPPING = AT_FREE + 1;
constexpr uint64_t SECOND = AT_FREE + 2;
constexpr uint64_t A = AT_FREE + 3;
constexpr uint64_t PAGES = 8;

constexpr unsigned READ = KOZO_RIGHT_READ;
constexpr unsigned WRITE = KOZO_RIGHT_WRITE;
constexpr unsigned EXECUTE = KOZO_RIGHT_EXECUTE;

static void begin(void)
{
    world_begin();
    world_make(KOZO_TYPE_FRAME, ARCH_PAGE_BITS + 3, FRAME);
}

static unsigned map(uint64_t slot, uint64_t address, uint64_t offset, uint64_t length,
                    uint64_t rights)
{
    return CALL(FRAME_MAP, FRAME, slot, AT_SPACE, address, offset, length, rights);
}

// The entry of a page; 0 when it has none.
static arch_entry_t entry(uint64_t address)
{
    const struct address_space *space = (struct address_space *)world_object(AT_SPACE);

    return host_entry(space->root, address);
}

static arch_entry_t leaf(uint64_t page, unsigned rights)
{
    return arch_entry_leaf(world_slot(FRAME)->base + page * PAGE, 0, rights, false);
}

static bool mapped(uint64_t address, uint64_t first, uint64_t count, unsigned rights)
{
    for (uint64_t i = 0; i < count; i++) {
        if (entry(address + i * PAGE) != leaf(first + i, rights)) {
            return false;
        }
    }
    return true;
}

static bool unmapped(uint64_t address, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        if (entry(address + i * PAGE) != 0) {
            return false;
        }
    }
    return true;
}

// --- map ----------------------------------------------------------------------------------------

TEST("map makes a part of a Frame visible, and a Mapping for it")
{
    begin();
    CHECK(map(MAPPING, 2 * PAGE, PAGE, 3 * PAGE, READ | WRITE) == KOZO_OK);
    CHECK(mapped(2 * PAGE, 1, 3, READ | WRITE));
    CHECK(unmapped(0, 2) && unmapped(5 * PAGE, 3));
    CHECK(slot_parent(world_slot(MAPPING), 1) == world_slot(FRAME));
    CHECK(CALL(MAPPING_INFO, MAPPING) == KOZO_OK);
    CHECK(world.result[0] == 2 * PAGE && world.result[1] == 3 * PAGE);
    CHECK(world.result[2] == (READ | WRITE));
}

TEST("map goes across tables, up to the last user page")
{
    begin();
    CHECK(map(MAPPING, table_span(1) - 3 * PAGE, 0, 8 * PAGE, READ) == KOZO_OK);
    CHECK(mapped(table_span(1) - 3 * PAGE, 0, 8, READ));
    CHECK(map(SECOND, ARCH_USER_END - PAGE, 0, PAGE, READ) == KOZO_OK);
    CHECK(mapped(ARCH_USER_END - PAGE, 0, 1, READ));
}

TEST("map with WRITE or EXECUTE reads too, as the processor does")
{
    begin();
    CHECK(map(MAPPING, 0, 0, PAGE, WRITE) == KOZO_OK);
    CHECK(entry(0) == leaf(0, READ | WRITE) && world_slot(MAPPING)->rights == (READ | WRITE));
    CHECK(map(SECOND, PAGE, 0, PAGE, EXECUTE) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, MAPPING) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, SECOND) == KOZO_OK);
    CHECK(unmapped(0, 2));
    CHECK(CALL(CNODE_MINT, FRAME, A, WRITE, 0) == KOZO_OK);
    CHECK(CALL(FRAME_MAP, A, MAPPING, AT_SPACE, 0, 0, PAGE, WRITE) == KOZO_NO_RIGHT);
}

TEST("a Mapping without rights shows nothing")
{
    begin();
    CHECK(map(MAPPING, 0, 0, 2 * PAGE, 0) == KOZO_OK);
    CHECK(unmapped(0, 2));
    CHECK(CALL(MAPPING_SET, MAPPING, 0, PAGE, READ) == KOZO_NO_RIGHT);
    CHECK(CALL(MAPPING_SET, MAPPING, 0, PAGE, 0) == KOZO_OK);
}

TEST("device memory is mapped as such")
{
    begin();
    CHECK(CALL(UNTYPED_RETYPE, AT_DEVICES, KOZO_TYPE_FRAME, ARCH_PAGE_BITS, A, 1) == KOZO_OK);
    CHECK(CALL(FRAME_MAP, A, MAPPING, AT_SPACE, 0, 0, PAGE, READ | WRITE) == KOZO_OK);
    CHECK(entry(0) == arch_entry_leaf(world_slot(A)->base, 0, READ | WRITE, true));
}

TEST("map refuses addresses, offsets and lengths that are no multiples or out of range")
{
    begin();
    CHECK(map(MAPPING, 8, 0, PAGE, READ) == KOZO_BAD_ARGUMENT);
    CHECK(map(MAPPING, 0, 8, PAGE, READ) == KOZO_BAD_ARGUMENT);
    CHECK(map(MAPPING, 0, 0, 8, READ) == KOZO_BAD_ARGUMENT);
    CHECK(map(MAPPING, 0, 0, 0, READ) == KOZO_BAD_ARGUMENT);
    CHECK(map(MAPPING, 0, 0, 9 * PAGE, READ) == KOZO_BAD_ARGUMENT);
    CHECK(map(MAPPING, 0, 8 * PAGE, PAGE, READ) == KOZO_BAD_ARGUMENT);
    CHECK(map(MAPPING, 0, 7 * PAGE, 2 * PAGE, READ) == KOZO_BAD_ARGUMENT);
    CHECK(map(MAPPING, ARCH_USER_END, 0, PAGE, READ) == KOZO_BAD_ARGUMENT);
    CHECK(map(MAPPING, ARCH_USER_END - PAGE, 0, 2 * PAGE, READ) == KOZO_BAD_ARGUMENT);
    CHECK(map(MAPPING, 0 - PAGE, 0, 2 * PAGE, READ) == KOZO_BAD_ARGUMENT);
    CHECK(map(MAPPING, 0, 0 - PAGE, 2 * PAGE, READ) == KOZO_BAD_ARGUMENT);
    CHECK(map(MAPPING, 0, 0, 0 - PAGE, READ) == KOZO_BAD_ARGUMENT);
    CHECK(map(MAPPING, 0, 0, PAGE, READ | WRITE | EXECUTE) == KOZO_BAD_ARGUMENT);
    CHECK(map(MAPPING, 0, 0, PAGE, READ | KOZO_RIGHT_PHYS) == KOZO_BAD_ARGUMENT);
    CHECK(map(MAPPING, 0, 0, PAGE, UINT64_MAX) == KOZO_BAD_ARGUMENT);
    CHECK(world_is_empty(MAPPING));
}

TEST("map refuses rights that the Frame or the space's capability lacks")
{
    begin();
    CHECK(CALL(CNODE_MINT, FRAME, A, READ, 0) == KOZO_OK);
    CHECK(CALL(FRAME_MAP, A, MAPPING, AT_SPACE, 0, 0, PAGE, READ | WRITE) == KOZO_NO_RIGHT);
    CHECK(CALL(FRAME_MAP, A, MAPPING, AT_SPACE, 0, 0, PAGE, EXECUTE) == KOZO_NO_RIGHT);
    CHECK(CALL(CNODE_MINT, AT_SPACE, A + 1, READ, 0) == KOZO_OK);
    CHECK(CALL(FRAME_MAP, FRAME, MAPPING, A + 1, 0, 0, PAGE, READ) == KOZO_NO_RIGHT);
    CHECK(CALL(CNODE_MINT, AT_CNODE, A + 2, READ, 0) == KOZO_OK);
    CHECK(map((A + 2) | MAPPING << WORLD_CNODE_BITS, 0, 0, PAGE, READ) == KOZO_NO_RIGHT);
}

TEST("map refuses a slot that is taken, a space without a Pool, and what is no space")
{
    begin();
    CHECK(map(FRAME, 0, 0, PAGE, READ) == KOZO_SLOT_TAKEN);
    CHECK(map(0, 0, 0, PAGE, READ) == KOZO_BAD_HANDLE);
    world_make(KOZO_TYPE_ADDRESS_SPACE, 0, A);
    CHECK(CALL(FRAME_MAP, FRAME, MAPPING, A, 0, 0, PAGE, READ) == KOZO_BAD_STATE);
    CHECK(CALL(FRAME_MAP, FRAME, MAPPING, AT_POOL, 0, 0, PAGE, READ) == KOZO_BAD_TYPE);
    CHECK(CALL(FRAME_MAP, FRAME, MAPPING, A + 1, 0, 0, PAGE, READ) == KOZO_BAD_HANDLE);
}

TEST("map refuses more tables than the Pool has, before anything changes")
{
    begin();
    world_make(KOZO_TYPE_POOL, 0, A);
    CHECK(CALL(UNTYPED_RETYPE, AT_MEMORY, KOZO_TYPE_UNTYPED, ARCH_PAGE_BITS, A + 1, ARCH_LEVELS) ==
          KOZO_OK);
    world_make(KOZO_TYPE_ADDRESS_SPACE, 0, A + 10);
    for (unsigned i = 0; i < ARCH_LEVELS; i++) {
        CHECK(CALL(POOL_DONATE, A, A + 1 + i) == KOZO_OK);
    }
    CHECK(CALL(POOL_ATTACH, A, A + 10) == KOZO_OK);
    const struct address_space *space = (struct address_space *)world_object(A + 10);
    CHECK(CALL(FRAME_MAP, FRAME, MAPPING, A + 10, table_span(1) - PAGE, 0, 2 * PAGE, READ) ==
          KOZO_NO_MEMORY);
    CHECK(space->tables == 1 && world_is_empty(MAPPING));
    CHECK(CALL(FRAME_MAP, FRAME, MAPPING, A + 10, table_span(1) - PAGE, 0, PAGE, READ) == KOZO_OK);
    CHECK(space->tables == ARCH_LEVELS);
    // Within the tables that are there, the Pool's emptiness does not matter.
    CHECK(CALL(FRAME_MAP, FRAME, SECOND, A + 10, 0, 0, PAGE, READ) == KOZO_OK);
    CHECK(CALL(MAPPING_SET, SECOND, 0, PAGE, 0) == KOZO_OK);
}

TEST("map of a long range is preempted and goes on as set")
{
    begin();
    host_work_limit = 1;
    CHECK(map(MAPPING, table_span(1) - 2 * PAGE, 0, 8 * PAGE, READ | WRITE) == KOZO_OK);
    CHECK(world.restarts > 0);
    CHECK(mapped(table_span(1) - 2 * PAGE, 0, 8, READ | WRITE));
    CHECK(CALL(CNODE_DELETE, MAPPING) == KOZO_OK);
    CHECK(unmapped(table_span(1) - 2 * PAGE, 8));
}

TEST("a Mapping that vanishes while map goes on ends the call")
{
    begin();
    host_work_limit = 1;
    uint64_t start = table_span(1) - 4 * PAGE;
    CHECK(!world_enter(KOZO_OP_FRAME_MAP, FRAME,
                       (uint64_t[9]){MAPPING, AT_SPACE, start, 0, 8 * PAGE, READ}));
    struct thread *first = world_current();
    struct arch_registers registers = first->registers;
    CHECK(CALL(CNODE_DELETE, MAPPING) == KOZO_OK);
    first->registers = registers;
    CHECK(world_again() == KOZO_BAD_HANDLE);
    CHECK(unmapped(start, 8));
}

TEST("map that goes on after the Pool was emptied meanwhile ends with a part")
{
    begin();
    host_work_limit = 1;
    uint64_t start = table_span(1) - 4 * PAGE;
    CHECK(!world_enter(KOZO_OP_FRAME_MAP, FRAME,
                       (uint64_t[9]){MAPPING, AT_SPACE, start, 0, 8 * PAGE, READ}));
    struct thread *first = world_current();
    struct arch_registers registers = first->registers;
    struct pool *pool = (struct pool *)world_object(AT_POOL);
    for (uint64_t slot = A; pool_available(pool) > 0; slot++) {
        world_make(KOZO_TYPE_ADDRESS_SPACE, 0, slot);
        CHECK(CALL(POOL_ATTACH, AT_POOL, slot) == KOZO_OK);
    }
    first->registers = registers;
    CHECK(world_again() == KOZO_NO_MEMORY);
    CHECK(mapped(start, 0, 4, READ) && unmapped(start + 4 * PAGE, 4));
    CHECK(CALL(MAPPING_INFO, MAPPING) == KOZO_OK);
    CHECK(world.result[1] == 8 * PAGE);
}

TEST("address tells where a Frame is, with the right PHYS only")
{
    begin();
    CHECK(CALL(FRAME_ADDRESS, FRAME) == KOZO_OK);
    CHECK(world.result[0] == world_slot(FRAME)->base && world.result[1] == PAGES * PAGE);
    CHECK(CALL(CNODE_MINT, FRAME, A, READ | WRITE, 0) == KOZO_OK);
    CHECK(CALL(FRAME_ADDRESS, A) == KOZO_NO_RIGHT);
}

// --- Mapping ------------------------------------------------------------------------------------

TEST("set lowers and raises rights within the bound, clears, and fills again")
{
    begin();
    CHECK(map(MAPPING, 0, 0, 4 * PAGE, READ | WRITE) == KOZO_OK);
    CHECK(CALL(MAPPING_SET, MAPPING, PAGE, 2 * PAGE, READ) == KOZO_OK);
    CHECK(mapped(0, 0, 1, READ | WRITE) && mapped(PAGE, 1, 2, READ));
    CHECK(CALL(MAPPING_SET, MAPPING, 0, 2 * PAGE, 0) == KOZO_OK);
    CHECK(unmapped(0, 2) && mapped(2 * PAGE, 2, 1, READ));
    CHECK(CALL(MAPPING_SET, MAPPING, 0, 4 * PAGE, WRITE) == KOZO_OK);
    CHECK(mapped(0, 0, 4, READ | WRITE));
}

TEST("set refuses parts outside and rights beyond")
{
    begin();
    CHECK(map(MAPPING, 0, 0, 2 * PAGE, READ) == KOZO_OK);
    CHECK(CALL(MAPPING_SET, MAPPING, 0, 3 * PAGE, READ) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(MAPPING_SET, MAPPING, 2 * PAGE, PAGE, READ) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(MAPPING_SET, MAPPING, 8, PAGE, READ) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(MAPPING_SET, MAPPING, 0, 8, READ) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(MAPPING_SET, MAPPING, 0, 0, READ) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(MAPPING_SET, MAPPING, PAGE, 0 - PAGE, READ) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(MAPPING_SET, MAPPING, 0, PAGE, WRITE) == KOZO_NO_RIGHT);
    CHECK(CALL(MAPPING_SET, MAPPING, 0, PAGE, EXECUTE) == KOZO_NO_RIGHT);
    CHECK(CALL(MAPPING_SET, MAPPING, 0, PAGE, UINT64_MAX) == KOZO_NO_RIGHT);
}

TEST("a later Mapping replaces entries and survives the deletion of the earlier one")
{
    begin();
    CHECK(map(MAPPING, 0, 0, 4 * PAGE, READ) == KOZO_OK);
    CHECK(map(SECOND, PAGE, 4 * PAGE, 2 * PAGE, READ | WRITE) == KOZO_OK);
    CHECK(mapped(PAGE, 4, 2, READ | WRITE));
    CHECK(CALL(CNODE_DELETE, MAPPING) == KOZO_OK);
    CHECK(unmapped(0, 1) && mapped(PAGE, 4, 2, READ | WRITE) && unmapped(3 * PAGE, 1));
    CHECK(CALL(CNODE_DELETE, SECOND) == KOZO_OK);
    CHECK(unmapped(0, 4));
}

TEST("an entry with more rights than a Mapping has is not the Mapping's own")
{
    begin();
    CHECK(map(MAPPING, 0, 0, PAGE, READ) == KOZO_OK);
    CHECK(map(SECOND, 0, 0, PAGE, READ | WRITE) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, MAPPING) == KOZO_OK);
    CHECK(mapped(0, 0, 1, READ | WRITE));
    CHECK(CALL(CNODE_DELETE, SECOND) == KOZO_OK);
    CHECK(unmapped(0, 1));
}

TEST("no entry is own to a Mapping without rights, whatever another shows of the same memory")
{
    begin();
    CHECK(map(MAPPING, 0, 0, 2 * PAGE, 0) == KOZO_OK);
    CHECK(map(SECOND, 0, 0, 2 * PAGE, READ) == KOZO_OK);
    CHECK(CALL(MAPPING_SET, MAPPING, 0, PAGE, 0) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, MAPPING) == KOZO_OK);
    CHECK(mapped(0, 0, 2, READ));
}

TEST("clearing where no table is finds nothing, and makes none")
{
    begin();
    CHECK(map(MAPPING, table_span(1) - PAGE, 0, 4 * PAGE, 0) == KOZO_OK);
    uint64_t tables = ((struct address_space *)world_object(AT_SPACE))->tables;
    CHECK(CALL(MAPPING_SET, MAPPING, 0, 4 * PAGE, 0) == KOZO_OK);
    CHECK(((struct address_space *)world_object(AT_SPACE))->tables == tables);
}

TEST("set is preempted on long ranges, and needs no table that is there")
{
    begin();
    CHECK(map(MAPPING, 2 * table_span(1) - 4 * PAGE, 0, 8 * PAGE, READ) == KOZO_OK);
    host_work_limit = 1;
    CHECK(CALL(MAPPING_SET, MAPPING, 0, 8 * PAGE, 0) == KOZO_OK);
    CHECK(world.restarts > 0 && unmapped(2 * table_span(1) - 4 * PAGE, 8));
    host_work_limit = 512;
    struct pool *pool = (struct pool *)world_object(AT_POOL);
    for (uint64_t slot = A; pool_available(pool) > 0; slot++) {
        world_make(KOZO_TYPE_ADDRESS_SPACE, 0, slot);
        CHECK(CALL(POOL_ATTACH, AT_POOL, slot) == KOZO_OK);
    }
    CHECK(map(SECOND, 5 * table_span(1), 0, PAGE, READ) == KOZO_NO_MEMORY);
    CHECK(CALL(MAPPING_SET, MAPPING, 0, 8 * PAGE, READ) == KOZO_OK);
    CHECK(mapped(2 * table_span(1) - 4 * PAGE, 0, 8, READ));
}

TEST("a Mapping outlives its Frame's capability, and goes when the memory is revoked")
{
    begin();
    CHECK(map(MAPPING, 0, 0, PAGE, READ) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, FRAME) == KOZO_OK);
    CHECK(entry(0) != 0);
    CHECK(CALL(CNODE_MOVE, MAPPING, A) == KOZO_OK);
    CHECK(CALL(MAPPING_SET, A, 0, PAGE, 0) == KOZO_OK);
    CHECK(CALL(MAPPING_SET, A, 0, PAGE, READ) == KOZO_OK);
    CHECK(CALL(CNODE_REVOKE, AT_MEMORY) == KOZO_OK);
    CHECK(entry(0) == 0 && world_slot(AT_MEMORY)->value == 0);
}

TEST("deleting a Mapping is preempted and leaves a shorter one each time")
{
    begin();
    uint64_t start = table_span(1) - 4 * PAGE;
    CHECK(map(MAPPING, start, 0, 8 * PAGE, READ) == KOZO_OK);
    host_work_limit = 1;
    CHECK(!world_enter(KOZO_OP_CNODE_DELETE, MAPPING, (uint64_t[9]){}));
    CHECK(world_slot(MAPPING)->size < 8 * PAGE && world_slot(MAPPING)->value > start);
    CHECK(CALL(CNODE_DELETE, MAPPING) == KOZO_OK);
    CHECK(unmapped(start, 8));
}

TEST("what was cached is flushed when an entry changes or goes")
{
    begin();
    CHECK(map(MAPPING, 0, 0, 2 * PAGE, READ | WRITE) == KOZO_OK);
    host_touch_all();
    CHECK(host.tlb_count >= 2);
    CHECK(CALL(MAPPING_SET, MAPPING, 0, PAGE, READ) == KOZO_OK);
    CHECK(host_stale() == UINT64_MAX);
    CHECK(CALL(CNODE_DELETE, MAPPING) == KOZO_OK);
    CHECK(host_stale() == UINT64_MAX);
}

// --- Large pages --------------------------------------------------------------------------------

constexpr uint64_t LARGE = AT_FREE + 10; // a Frame of one large page of level 1
constexpr uint64_t POOL = AT_FREE + 11;  // with as many pages as a test gives it
constexpr uint64_t DONOR = AT_FREE + 12;
constexpr uint64_t OTHER = AT_FREE + 13; // an AddressSpace on it
constexpr uint64_t COPY = AT_FREE + 14;  // and the one after it

static uint64_t span(void)
{
    return table_span(1);
}

static const struct address_space *space_in(uint64_t slot)
{
    return (struct address_space *)world_object(slot);
}

// A second space, on a Pool of its own.
static void begin_large(uint64_t tables)
{
    world_begin();
    world_make(KOZO_TYPE_FRAME, ARCH_PAGE_BITS + ARCH_TABLE_BITS, LARGE);
    world_make(KOZO_TYPE_POOL, 0, POOL);
    world_make(KOZO_TYPE_ADDRESS_SPACE, 0, OTHER);
    for (uint64_t i = 0; i < tables; i++) {
        world_make(KOZO_TYPE_UNTYPED, ARCH_PAGE_BITS, DONOR);
        CHECK(CALL(POOL_DONATE, POOL, DONOR) == KOZO_OK);
    }
    CHECK(CALL(POOL_ATTACH, POOL, OTHER) == KOZO_OK);
}

static unsigned map_large(uint64_t slot, uint64_t address, uint64_t rights)
{
    return CALL(FRAME_MAP, LARGE, slot, OTHER, address, 0, span(), rights);
}

static unsigned level_at(uint64_t slot, uint64_t address)
{
    return table_walk(space_in(slot)->root, address).level;
}

static bool shows(uint64_t slot, uint64_t address, uint64_t offset, uint64_t pages, unsigned rights)
{
    physical_t base = world_slot(LARGE)->base + offset;

    for (uint64_t i = 0; i < pages; i++) {
        arch_entry_t found = host_entry(space_in(slot)->root, address + i * PAGE);
        if (found != (rights == 0 ? 0 : arch_entry_leaf(base + i * PAGE, 0, rights, false))) {
            return false;
        }
    }
    return true;
}

TEST("a large page takes the place of a table where address and memory are aligned")
{
    begin_large(ARCH_LEVELS);
    CHECK(map_large(MAPPING, span(), READ | WRITE) == KOZO_OK);
    CHECK(level_at(OTHER, span()) == 1 && space_in(OTHER)->tables == ARCH_LEVELS - 1);
    CHECK(shows(OTHER, span(), 0, TABLE_ENTRIES, READ | WRITE));
    CHECK(map_large(SECOND, 2 * span() + PAGE, READ) == KOZO_NO_MEMORY);
    CHECK(CALL(MAPPING_SET, MAPPING, 0, span(), READ) == KOZO_OK);
    CHECK(level_at(OTHER, span()) == 1 && shows(OTHER, span(), 0, TABLE_ENTRIES, READ));
    CHECK(CALL(CNODE_DELETE, MAPPING) == KOZO_OK);
    CHECK(shows(OTHER, span(), 0, TABLE_ENTRIES, 0));
}

TEST("a part of a large page that is set differently splits it")
{
    begin_large(ARCH_LEVELS + 1);
    CHECK(map_large(MAPPING, span(), READ | WRITE) == KOZO_OK);
    CHECK(CALL(MAPPING_SET, MAPPING, PAGE, PAGE, READ) == KOZO_OK);
    CHECK(level_at(OTHER, span()) == 0);
    CHECK(shows(OTHER, span(), 0, 1, READ | WRITE) && shows(OTHER, span() + PAGE, PAGE, 1, READ));
    CHECK(shows(OTHER, span() + 2 * PAGE, 2 * PAGE, TABLE_ENTRIES - 2, READ | WRITE));
    CHECK(CALL(CNODE_DELETE, MAPPING) == KOZO_OK);
    CHECK(shows(OTHER, span(), 0, TABLE_ENTRIES, 0));
    // The table stays, and small pages in it, until it is trimmed.
    CHECK(map_large(MAPPING, span(), READ) == KOZO_OK && level_at(OTHER, span()) == 0);
    CHECK(CALL(CNODE_DELETE, MAPPING) == KOZO_OK);
    CHECK(CALL(POOL_TRIM, POOL, OTHER, 0) == KOZO_OK && space_in(OTHER)->tables == 1);
    CHECK(map_large(MAPPING, span(), READ) == KOZO_OK && level_at(OTHER, span()) == 1);
}

TEST("splitting takes a table, and without one nothing changes")
{
    begin_large(ARCH_LEVELS - 1);
    CHECK(map_large(MAPPING, span(), READ) == KOZO_OK);
    CHECK(CALL(MAPPING_SET, MAPPING, PAGE, PAGE, 0) == KOZO_NO_MEMORY);
    CHECK(CALL(MAPPING_SET, MAPPING, PAGE, PAGE, READ) == KOZO_NO_MEMORY);
    CHECK(CALL(FRAME_MAP, LARGE, SECOND, OTHER, span() + PAGE, 0, PAGE, READ) == KOZO_NO_MEMORY);
    CHECK(level_at(OTHER, span()) == 1 && shows(OTHER, span(), 0, TABLE_ENTRIES, READ));
    CHECK(CALL(MAPPING_SET, MAPPING, 0, span(), 0) == KOZO_OK);
    CHECK(shows(OTHER, span(), 0, TABLE_ENTRIES, 0));
}

TEST("a Mapping laid over a part of a large page splits it, and leaves its own part when it goes")
{
    begin_large(ARCH_LEVELS + 1);
    CHECK(map_large(MAPPING, span(), READ) == KOZO_OK);
    CHECK(CALL(FRAME_MAP, LARGE, SECOND, OTHER, span() + PAGE, 0, 2 * PAGE, READ | WRITE) ==
          KOZO_OK);
    CHECK(shows(OTHER, span() + PAGE, 0, 2, READ | WRITE));
    CHECK(shows(OTHER, span() + 3 * PAGE, 3 * PAGE, TABLE_ENTRIES - 3, READ));
    CHECK(CALL(CNODE_DELETE, MAPPING) == KOZO_OK);
    CHECK(shows(OTHER, span(), 0, 1, 0) && shows(OTHER, span() + PAGE, 0, 2, READ | WRITE));
    CHECK(CALL(CNODE_DELETE, SECOND) == KOZO_OK);
    CHECK(shows(OTHER, span(), 0, TABLE_ENTRIES, 0));
}

TEST("a Mapping that has a part of another's large page leaves that alone")
{
    begin_large(ARCH_LEVELS);
    CHECK(CALL(FRAME_MAP, LARGE, SECOND, OTHER, span() + PAGE, PAGE, 2 * PAGE, READ) == KOZO_OK);
    CHECK(CALL(MAPPING_SET, SECOND, 0, 2 * PAGE, 0) == KOZO_OK);
    CHECK(CALL(POOL_TRIM, POOL, OTHER, 0) == KOZO_OK);
    CHECK(map_large(MAPPING, span(), READ) == KOZO_OK);
    CHECK(CALL(MAPPING_SET, SECOND, 0, 2 * PAGE, 0) == KOZO_OK);
    CHECK(CALL(MAPPING_LOWER, SECOND, 0) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, SECOND) == KOZO_OK);
    CHECK(level_at(OTHER, span()) == 1 && shows(OTHER, span(), 0, TABLE_ENTRIES, READ));
}

// --- lower --------------------------------------------------------------------------------------

TEST("lower reduces the bound for good, and takes from own entries what is beyond it")
{
    begin();
    CHECK(map(MAPPING, 0, 0, 4 * PAGE, READ | WRITE) == KOZO_OK);
    CHECK(CALL(MAPPING_SET, MAPPING, PAGE, PAGE, 0) == KOZO_OK);
    CHECK(map(SECOND, 3 * PAGE, 5 * PAGE, PAGE, READ | WRITE) == KOZO_OK);
    CHECK(CALL(MAPPING_LOWER, MAPPING, READ | EXECUTE) == KOZO_OK);
    CHECK(mapped(0, 0, 1, READ) && unmapped(PAGE, 1) && mapped(2 * PAGE, 2, 1, READ));
    CHECK(mapped(3 * PAGE, 5, 1, READ | WRITE));
    CHECK(world_slot(MAPPING)->rights == READ && world_slot(MAPPING)->lowering == 0);
    CHECK(CALL(MAPPING_SET, MAPPING, 0, PAGE, READ | WRITE) == KOZO_NO_RIGHT);
    CHECK(CALL(MAPPING_LOWER, MAPPING, READ | WRITE) == KOZO_OK);
    CHECK(world_slot(MAPPING)->rights == READ);
    CHECK(CALL(MAPPING_LOWER, MAPPING, 0) == KOZO_OK);
    CHECK(unmapped(0, 3) && world_slot(MAPPING)->rights == 0);
}

TEST("lower that is left halfway lets nobody set more, and is finished by whoever asks again")
{
    begin();
    uint64_t start = table_span(1) - 4 * PAGE;
    CHECK(map(MAPPING, start, 0, 8 * PAGE, READ | WRITE) == KOZO_OK);
    host_work_limit = 2;
    CHECK(!world_enter(KOZO_OP_MAPPING_LOWER, MAPPING, (uint64_t[9]){READ}));
    CHECK(mapped(start, 0, 4, READ) && mapped(start + 4 * PAGE, 4, 4, READ | WRITE));
    CHECK(CALL(MAPPING_SET, MAPPING, 0, PAGE, READ | WRITE) == KOZO_NO_RIGHT);
    CHECK(CALL(MAPPING_SET, MAPPING, 7 * PAGE, PAGE, 0) == KOZO_OK);
    CHECK(CALL(MAPPING_LOWER, MAPPING, READ | WRITE) == KOZO_OK);
    CHECK(mapped(start, 0, 7, READ) && unmapped(start + 7 * PAGE, 1));
    CHECK(CALL(CNODE_DELETE, MAPPING) == KOZO_OK);
    CHECK(unmapped(start, 8));
}

TEST("a Mapping that is deleted while lower is under way takes all of its entries along")
{
    begin();
    uint64_t start = table_span(1) - 4 * PAGE;
    CHECK(map(MAPPING, start, 0, 8 * PAGE, READ | WRITE) == KOZO_OK);
    host_work_limit = 1;
    CHECK(!world_enter(KOZO_OP_MAPPING_LOWER, MAPPING, (uint64_t[9]){READ}));
    CHECK(CALL(CNODE_DELETE, MAPPING) == KOZO_OK);
    CHECK(unmapped(start, 8));
}

TEST("lower refuses what is no right of memory, and a Mapping whose space is off its Pool")
{
    begin_large(ARCH_LEVELS);
    CHECK(map_large(MAPPING, span(), READ) == KOZO_OK);
    CHECK(CALL(MAPPING_LOWER, MAPPING, KOZO_RIGHT_PHYS) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(MAPPING_LOWER, MAPPING, UINT64_MAX) == KOZO_BAD_ARGUMENT);
    host_work_limit = 1;
    CHECK(map_large(SECOND, 2 * span(), READ) == KOZO_OK);
    CHECK(!world_enter(KOZO_OP_CNODE_DELETE, POOL, (uint64_t[9]){}));
    uint64_t left = world_is_empty(MAPPING) ? SECOND : MAPPING;
    CHECK(CALL(MAPPING_LOWER, left, READ) == KOZO_BAD_STATE);
}

// --- clone --------------------------------------------------------------------------------------

static unsigned clone(uint64_t count, uint64_t rights)
{
    return CALL(ADDRESS_SPACE_CLONE, OTHER, 0, 0, MAPPING, COPY, count, rights);
}

TEST("clone makes the Mappings of a run again, with fewer rights in both spaces")
{
    begin_large(ARCH_LEVELS + 1);
    CHECK(CALL(FRAME_MAP, LARGE, MAPPING, AT_SPACE, 0, 0, 3 * PAGE, READ | WRITE) == KOZO_OK);
    CHECK(CALL(MAPPING_SET, MAPPING, PAGE, PAGE, 0) == KOZO_OK);
    CHECK(CALL(FRAME_MAP, LARGE, SECOND, AT_SPACE, 2 * PAGE, 0, PAGE, READ | WRITE) == KOZO_OK);
    CHECK(clone(2, READ) == KOZO_OK);
    CHECK(world.result[0] == 2 && world.result[1] == 0);
    CHECK(shows(AT_SPACE, 0, 0, 1, READ) && shows(AT_SPACE, PAGE, PAGE, 1, 0));
    CHECK(shows(AT_SPACE, 2 * PAGE, 0, 1, READ));
    CHECK(shows(OTHER, 0, 0, 1, READ) && shows(OTHER, PAGE, PAGE, 1, 0));
    CHECK(shows(OTHER, 2 * PAGE, 0, 1, READ));
    // The bound is that of the source, and either can be raised to it again.
    CHECK(CALL(MAPPING_SET, COPY, 0, PAGE, READ | WRITE) == KOZO_OK);
    CHECK(shows(OTHER, 0, 0, 1, READ | WRITE) && shows(AT_SPACE, 0, 0, 1, READ));
    CHECK(slot_parent(world_slot(COPY), 8) == world_slot(LARGE));
    CHECK(CALL(CNODE_REVOKE, LARGE) == KOZO_OK);
    CHECK(world_is_empty(COPY) && world_is_empty(COPY + 1) && shows(OTHER, 0, 0, 4, 0));
}

TEST("clone keeps large pages large, and fills small ones where a table stands")
{
    begin_large(ARCH_LEVELS + 2);
    CHECK(CALL(FRAME_MAP, LARGE, MAPPING, AT_SPACE, 0, 0, span(), READ | WRITE) == KOZO_OK);
    bool large = level_at(AT_SPACE, 0) == 1;
    CHECK(clone(1, READ) == KOZO_OK);
    CHECK(shows(OTHER, 0, 0, TABLE_ENTRIES, READ) && shows(AT_SPACE, 0, 0, TABLE_ENTRIES, READ));
    CHECK(!large || level_at(OTHER, 0) == 1);
    CHECK(CALL(MAPPING_SET, COPY, PAGE, PAGE, 0) == KOZO_OK && level_at(OTHER, 0) == 0);
    CHECK(clone(1, READ) == KOZO_OK);
    CHECK(level_at(OTHER, 0) == 0 && shows(OTHER, 0, 0, TABLE_ENTRIES, READ));
}

TEST("clone without rights makes empty Mappings, and clears their sources")
{
    begin_large(ARCH_LEVELS + 1);
    CHECK(CALL(FRAME_MAP, LARGE, MAPPING, AT_SPACE, 0, 0, 3 * PAGE, READ | WRITE) == KOZO_OK);
    CHECK(clone(1, 0) == KOZO_OK);
    CHECK(shows(AT_SPACE, 0, 0, 3, 0) && shows(OTHER, 0, 0, 3, 0));
    CHECK(world_slot(COPY)->rights == (READ | WRITE) && space_in(OTHER)->tables == 1);
}

TEST("clone passes over empty slots, and stops at what it can't do, telling how far it came")
{
    begin_large(ARCH_LEVELS);
    CHECK(CALL(FRAME_MAP, LARGE, MAPPING, AT_SPACE, 0, 0, PAGE, READ) == KOZO_OK);
    CHECK(CALL(CNODE_COPY, LARGE, A) == KOZO_OK);
    CHECK(CALL(ADDRESS_SPACE_CLONE, OTHER, 0, 0, MAPPING, COPY, 3, READ) == KOZO_BAD_TYPE);
    CHECK(world.result[0] == 2 && !world_is_empty(COPY) && world_is_empty(COPY + 2));
    CHECK(CALL(CNODE_DELETE, A) == KOZO_OK);
    // What is done already is gone on with.
    CHECK(CALL(ADDRESS_SPACE_CLONE, OTHER, 0, 0, MAPPING, COPY, 3, READ) == KOZO_OK);
    CHECK(CALL(ADDRESS_SPACE_CLONE, OTHER, 0, 0, MAPPING, LARGE, 1, READ) == KOZO_SLOT_TAKEN);
    CHECK(world.result[0] == 0);
}

TEST("clone that runs out of tables goes on when the Pool has more")
{
    begin_large(ARCH_LEVELS);
    CHECK(CALL(FRAME_MAP, LARGE, MAPPING, AT_SPACE, span() - 2 * PAGE, 0, 4 * PAGE, READ) ==
          KOZO_OK);
    CHECK(clone(1, READ) == KOZO_NO_MEMORY);
    CHECK(world.result[0] == 0 && world.result[1] == 2 * PAGE);
    world_make(KOZO_TYPE_UNTYPED, ARCH_PAGE_BITS, DONOR);
    CHECK(CALL(POOL_DONATE, POOL, DONOR) == KOZO_OK);
    CHECK(CALL(ADDRESS_SPACE_CLONE, OTHER, 0, 2 * PAGE, MAPPING, COPY, 1, READ) == KOZO_OK);
    CHECK(shows(OTHER, span() - 2 * PAGE, 0, 4, READ));
}

TEST("clone is preempted between and inside Mappings")
{
    begin_large(ARCH_LEVELS + 1);
    CHECK(CALL(FRAME_MAP, LARGE, MAPPING, AT_SPACE, span() - 2 * PAGE, 0, 4 * PAGE, READ | WRITE) ==
          KOZO_OK);
    CHECK(CALL(FRAME_MAP, LARGE, SECOND, AT_SPACE, 2 * span() - PAGE, 0, PAGE, READ) == KOZO_OK);
    host_work_limit = 1;
    CHECK(clone(2, READ) == KOZO_OK);
    CHECK(world.restarts >= 2);
    CHECK(shows(OTHER, span() - 2 * PAGE, 0, 4, READ) &&
          shows(OTHER, 2 * span() - PAGE, 0, 1, READ));
}

// One page after the other, each a Mapping of its own.
static void map_each(uint64_t space, uint64_t first, uint64_t count, unsigned rights)
{
    for (uint64_t i = first; i < count; i++) {
        CHECK(CALL(FRAME_MAP, LARGE, MAPPING + i, space, i * PAGE, i * PAGE, PAGE, rights) ==
              KOZO_OK);
    }
}

TEST("clone of one page after the other takes from each what is its own, and no more")
{
    constexpr uint64_t OVER = AT_FREE + 9;

    begin_large(ARCH_LEVELS);
    map_each(AT_SPACE, 0, 6, READ | WRITE);
    CHECK(CALL(MAPPING_SET, MAPPING + 2, 0, PAGE, READ) == KOZO_OK);
    CHECK(CALL(MAPPING_SET, MAPPING + 3, 0, PAGE, 0) == KOZO_OK);
    CHECK(CALL(FRAME_MAP, LARGE, OVER, AT_SPACE, 4 * PAGE, 0, PAGE, READ | WRITE) == KOZO_OK);
    CHECK(clone(6, READ) == KOZO_OK && world.result[0] == 6);
    CHECK(shows(AT_SPACE, 0, 0, 3, READ) && shows(AT_SPACE, 3 * PAGE, 0, 1, 0));
    CHECK(shows(AT_SPACE, 4 * PAGE, 0, 1, READ | WRITE));
    CHECK(shows(AT_SPACE, 5 * PAGE, 5 * PAGE, 1, READ));
    CHECK(shows(OTHER, 0, 0, 3, READ) && shows(OTHER, 3 * PAGE, 0, 2, 0));
    CHECK(shows(OTHER, 5 * PAGE, 5 * PAGE, 1, READ));
    CHECK(space_in(OTHER)->mapping_count == 6);
    CHECK(CALL(CNODE_DELETE_RUN, COPY, 0, 6) == KOZO_OK && shows(OTHER, 0, 0, 6, 0));
}

TEST("clones of one page after the other have the bounds of their sources")
{
    begin_large(ARCH_LEVELS);
    map_each(AT_SPACE, 0, 4, READ);
    map_each(AT_SPACE, 4, 6, READ | WRITE);
    CHECK(CALL(MAPPING_SET, MAPPING + 4, 0, PAGE, READ) == KOZO_OK);
    CHECK(clone(6, READ) == KOZO_OK && shows(OTHER, 0, 0, 6, READ));
    CHECK(world_slot(COPY + 3)->rights == READ && world_slot(COPY + 4)->rights == (READ | WRITE));
    CHECK(CALL(MAPPING_SET, COPY + 4, 0, PAGE, READ | WRITE) == KOZO_OK);
}

TEST("clone of one page after the other looks for each in its own table")
{
    begin_large(ARCH_LEVELS + 1);
    CHECK(CALL(FRAME_MAP, LARGE, MAPPING, AT_SPACE, PAGE, PAGE, PAGE, READ | WRITE) == KOZO_OK);
    CHECK(CALL(FRAME_MAP, LARGE, MAPPING + 1, AT_SPACE, 2 * PAGE, PAGE, PAGE, READ | WRITE) ==
          KOZO_OK);
    CHECK(CALL(FRAME_MAP, LARGE, MAPPING + 2, AT_SPACE, span(), 0, PAGE, READ | WRITE) == KOZO_OK);
    CHECK(CALL(FRAME_MAP, LARGE, MAPPING + 3, AT_SPACE, 0, 0, PAGE, READ | WRITE) == KOZO_OK);
    CHECK(clone(3, READ) == KOZO_OK);
    CHECK(shows(AT_SPACE, span(), 0, 1, READ) && shows(OTHER, span(), 0, 1, READ));
    CHECK(shows(AT_SPACE, 0, 0, 1, READ | WRITE) && shows(OTHER, 0, 0, 1, 0));
}

TEST("clone of one page after the other covers what is there, and stops at a slot that is taken")
{
    constexpr uint64_t THERE = AT_FREE + 9;

    begin_large(ARCH_LEVELS);
    map_each(OTHER, 0, 4, READ | WRITE);
    CHECK(CALL(FRAME_MAP, LARGE, THERE, AT_SPACE, 2 * PAGE, 0, PAGE, READ | WRITE) == KOZO_OK);
    CHECK(CALL(CNODE_COPY, AT_THREAD, COPY + 3) == KOZO_OK);
    CHECK(CALL(ADDRESS_SPACE_CLONE, AT_SPACE, 0, 0, MAPPING, COPY, 4, READ) == KOZO_SLOT_TAKEN);
    CHECK(world.result[0] == 3 && shows(AT_SPACE, 0, 0, 3, READ));
    CHECK(shows(AT_SPACE, 3 * PAGE, 0, 1, 0) && shows(OTHER, 0, 0, 3, READ));
    CHECK(shows(OTHER, 3 * PAGE, 3 * PAGE, 1, READ | WRITE));
}

TEST("clone takes rows of pages as a whole, and parts of rows page by page")
{
    begin_large(ARCH_LEVELS + 1);
    uint64_t start = span() - 4 * PAGE;
    uint64_t pages = TABLE_ENTRIES;
    CHECK(CALL(FRAME_MAP, LARGE, MAPPING, AT_SPACE, start, 0, pages * PAGE, READ | WRITE) ==
          KOZO_OK);
    CHECK(clone(1, READ) == KOZO_OK);
    CHECK(shows(AT_SPACE, start, 0, pages, READ) && shows(OTHER, start, 0, pages, READ));
    CHECK(CALL(CNODE_DELETE, COPY) == KOZO_OK);
    // What is not the source's own stays out of it, in the middle of a row as well.
    CHECK(CALL(MAPPING_SET, MAPPING, 0, pages * PAGE, READ | WRITE) == KOZO_OK);
    uint64_t over = start + (pages - 3) * PAGE;
    CHECK(CALL(FRAME_MAP, LARGE, SECOND, AT_SPACE, over, 0, PAGE, READ | WRITE) == KOZO_OK);
    CHECK(clone(1, READ) == KOZO_OK);
    CHECK(shows(AT_SPACE, start, 0, pages - 3, READ) && shows(AT_SPACE, over, 0, 1, READ | WRITE));
    CHECK(shows(OTHER, start, 0, pages - 3, READ) && shows(OTHER, over, 0, 1, 0));
    CHECK(shows(OTHER, over + PAGE, (pages - 2) * PAGE, 2, READ));
}

TEST("clone refuses runs outside of their CNodes, missing rights, and numbers out of range")
{
    begin_large(ARCH_LEVELS);
    CHECK(CALL(FRAME_MAP, LARGE, MAPPING, AT_SPACE, 0, 0, PAGE, READ) == KOZO_OK);
    CHECK(clone(WORLD_SLOTS, READ) == KOZO_BAD_HANDLE);
    CHECK(CALL(ADDRESS_SPACE_CLONE, OTHER, 0, 0, 0, COPY, 1, READ) == KOZO_BAD_HANDLE);
    CHECK(CALL(ADDRESS_SPACE_CLONE, OTHER, 0, 0, MAPPING, 0, 1, READ) == KOZO_BAD_HANDLE);
    CHECK(clone(0, READ) == KOZO_BAD_ARGUMENT && clone(1, KOZO_RIGHT_PHYS) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(ADDRESS_SPACE_CLONE, OTHER, 1, 0, MAPPING, COPY, 1, READ) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(ADDRESS_SPACE_CLONE, OTHER, 0, 8, MAPPING, COPY, 1, READ) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(CNODE_MINT, AT_CNODE, A, READ, 0) == KOZO_OK);
    CHECK(CALL(ADDRESS_SPACE_CLONE, OTHER, 0, 0, MAPPING, A | COPY << WORLD_CNODE_BITS, 1, READ) ==
          KOZO_NO_RIGHT);
    CHECK(CALL(CNODE_MINT, OTHER, A + 1, READ, 0) == KOZO_OK);
    CHECK(CALL(ADDRESS_SPACE_CLONE, A + 1, 0, 0, MAPPING, COPY, 1, READ) == KOZO_NO_RIGHT);
    world_make(KOZO_TYPE_ADDRESS_SPACE, 0, A + 2);
    CHECK(CALL(ADDRESS_SPACE_CLONE, A + 2, 0, 0, MAPPING, COPY, 1, READ) == KOZO_BAD_STATE);
    CHECK(world_is_empty(COPY));
}

// --- Caches -------------------------------------------------------------------------------------

TEST("clean, invalidate and unify go page by page over ordinary memory, and are preempted")
{
    begin();
    host_work_limit = 1;
    CHECK(CALL(FRAME_CLEAN, FRAME, PAGE, 3 * PAGE) == KOZO_OK);
    CHECK(world.restarts == 2 && host.cache.wish == HOST_CLEAN);
    CHECK(host.cache.address == world_slot(FRAME)->base + 3 * PAGE && host.cache.size == PAGE);
    CHECK(CALL(FRAME_INVALIDATE, FRAME, 0, PAGE) == KOZO_OK && host.cache.wish == HOST_INVALIDATE);
    CHECK(CALL(FRAME_UNIFY, FRAME, 0, PAGE) == KOZO_OK && host.cache.wish == HOST_UNIFY);
    CHECK(CALL(FRAME_CLEAN, FRAME, 0, 0) == KOZO_OK && host.cache.wish == HOST_UNIFY);
    CHECK(CALL(FRAME_CLEAN, FRAME, 8, PAGE) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(FRAME_CLEAN, FRAME, 0, 9 * PAGE) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(FRAME_CLEAN, FRAME, 9 * PAGE, 0) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(FRAME_UNIFY, FRAME, 0, 0 - PAGE) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(UNTYPED_RETYPE, AT_DEVICES, KOZO_TYPE_FRAME, ARCH_PAGE_BITS, A, 1) == KOZO_OK);
    CHECK(CALL(FRAME_INVALIDATE, A, 0, PAGE) == KOZO_OK && host.cache.wish == HOST_UNIFY);
}
