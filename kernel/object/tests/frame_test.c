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
    const arch_entry_t *found = table_find(space->root, address);

    return found == nullptr ? 0 : *found;
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
    CHECK(!world_enter(KOZO_OP_FRAME_MAP, FRAME,
                       (uint64_t[9]){MAPPING, AT_SPACE, 0, 0, 8 * PAGE, READ}));
    struct thread *first = world_current();
    struct arch_registers registers = first->registers;
    CHECK(CALL(CNODE_DELETE, MAPPING) == KOZO_OK);
    first->registers = registers;
    CHECK(world_again() == KOZO_BAD_HANDLE);
    CHECK(unmapped(0, 8));
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
    CHECK(map(MAPPING, PAGE, 0, 8 * PAGE, READ) == KOZO_OK);
    host_work_limit = 1;
    CHECK(!world_enter(KOZO_OP_CNODE_DELETE, MAPPING, (uint64_t[9]){}));
    CHECK(world_slot(MAPPING)->size < 8 * PAGE && world_slot(MAPPING)->value > PAGE);
    CHECK(CALL(CNODE_DELETE, MAPPING) == KOZO_OK);
    CHECK(unmapped(PAGE, 8));
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
