// SPDX-License-Identifier: MIT
#include "tests/world.h"

#include "mem/table.h"

constexpr uint64_t SPACE = AT_FREE;
constexpr uint64_t THREAD = AT_FREE + 1;
constexpr uint64_t A = AT_FREE + 3;

static struct address_space *begin(void)
{
    world_begin();
    world_make(KOZO_TYPE_ADDRESS_SPACE, 0, SPACE);
    CHECK(CALL(POOL_ATTACH, AT_POOL, SPACE) == KOZO_OK);
    return (struct address_space *)world_object(SPACE);
}

static unsigned map(uint64_t slot, uint64_t address)
{
    return CALL(FRAME_MAP, AT_BUFFER, slot, SPACE, address, 0, PAGE, KOZO_RIGHT_READ);
}

TEST("info counts Mappings and tables")
{
    const struct address_space *space = begin();
    CHECK(CALL(ADDRESS_SPACE_INFO, SPACE) == KOZO_OK);
    CHECK(world.result[0] == 0 && world.result[1] == 1);
    CHECK(map(A, 0) == KOZO_OK && map(A + 1, PAGE) == KOZO_OK);
    CHECK(CALL(ADDRESS_SPACE_INFO, SPACE) == KOZO_OK);
    CHECK(world.result[0] == 2 && world.result[1] == ARCH_LEVELS);
    CHECK(space->tables == ARCH_LEVELS);
    CHECK(CALL(CNODE_MINT, SPACE, A + 2, KOZO_RIGHT_CONTROL, 0) == KOZO_OK);
    CHECK(CALL(ADDRESS_SPACE_INFO, A + 2) == KOZO_NO_RIGHT);
}

TEST("a space that is destroyed empties the slots of its Mappings and gives back its tables")
{
    (void)begin();
    uint64_t taken = ((struct pool *)world_object(AT_POOL))->taken;
    CHECK(map(A, 0) == KOZO_OK);
    CHECK(map(A + 1, table_span(1)) == KOZO_OK);
    CHECK(map(A + 2, ARCH_USER_END - PAGE) == KOZO_OK);
    CHECK(CALL(CNODE_MOVE, A + 1, A + 5) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, SPACE) == KOZO_OK);
    CHECK(world_is_empty(A) && world_is_empty(A + 5) && world_is_empty(A + 2));
    CHECK(((struct pool *)world_object(AT_POOL))->taken == taken - 1);
}

TEST("the same, one step at a time")
{
    (void)begin();
    uint64_t taken = ((struct pool *)world_object(AT_POOL))->taken;
    CHECK(map(A, 0) == KOZO_OK);
    CHECK(map(A + 1, 3 * table_span(1) + PAGE) == KOZO_OK);
    CHECK(map(A + 2, ARCH_USER_END - PAGE) == KOZO_OK);
    host_work_limit = 1;
    CHECK(CALL(CNODE_DELETE, SPACE) == KOZO_OK);
    CHECK(world.restarts > 3);
    CHECK(((struct pool *)world_object(AT_POOL))->taken == taken - 1);
}

TEST("a space lives as long as a thread lives in it")
{
    struct address_space *space = begin();
    struct thread *thread = world_thread(THREAD);
    CHECK(CALL(THREAD_SUSPEND, THREAD) == KOZO_OK);
    CHECK(CALL(THREAD_CONFIGURE, THREAD, 0, SPACE) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, THREAD) == KOZO_OK);
    CHECK(map(A, 0) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, SPACE) == KOZO_OK);
    CHECK(space->root != 0 && !world_is_empty(A));
    CHECK(world_run(thread));
    CHECK(CALL(CNODE_DELETE, THREAD) == WAITS);
    CHECK(world_is_empty(A));
}

TEST("a space without a Pool goes at once")
{
    world_begin();
    world_make(KOZO_TYPE_ADDRESS_SPACE, 0, SPACE);
    CHECK(CALL(CNODE_DELETE, SPACE) == KOZO_OK);
    CHECK(world_slot(AT_MEMORY)->value == 0);
}
