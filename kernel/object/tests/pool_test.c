// SPDX-License-Identifier: MIT
#include "tests/world.h"

constexpr uint64_t POOL = AT_FREE;
constexpr uint64_t MEMORY = AT_FREE + 1; // an Untyped
constexpr unsigned MEMORY_PAGE_BITS = 4; // log2 of its pages
constexpr uint64_t MEMORY_PAGES = 1 << MEMORY_PAGE_BITS;
constexpr uint64_t SPACE = AT_FREE + 2;  // and the one after it
constexpr uint64_t THREAD = AT_FREE + 4; // and the one after it
constexpr uint64_t A = AT_FREE + 6;

static void begin(void)
{
    world_begin();
    world_make(KOZO_TYPE_POOL, 0, POOL);
    world_make(KOZO_TYPE_UNTYPED, ARCH_PAGE_BITS + MEMORY_PAGE_BITS, MEMORY);
    CHECK(CALL(UNTYPED_RETYPE, AT_MEMORY, KOZO_TYPE_ADDRESS_SPACE, 0, SPACE, 2) == KOZO_OK);
}

static struct pool *pool(void)
{
    return (struct pool *)world_object(POOL);
}

static struct address_space *space(uint64_t slot)
{
    return (struct address_space *)world_object(slot);
}

// Both spaces are on the Pool, and a thread is ready to run in the first.
static struct thread *begin_with_thread(void)
{
    begin();
    CHECK(CALL(CNODE_MOVE, MEMORY, A) == KOZO_OK);
    CHECK(CALL(POOL_DONATE, POOL, A) == KOZO_OK);
    CHECK(CALL(POOL_ATTACH, POOL, SPACE) == KOZO_OK);
    CHECK(CALL(POOL_ATTACH, POOL, SPACE + 1) == KOZO_OK);
    struct thread *thread = world_thread(THREAD);
    CHECK(CALL(THREAD_SUSPEND, THREAD) == KOZO_OK);
    CHECK(CALL(THREAD_CONFIGURE, THREAD, 0, SPACE) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, THREAD) == KOZO_OK);
    return thread;
}

TEST("a Pool takes memory, and gives tables to the spaces on it")
{
    begin();
    CHECK(CALL(POOL_DONATE, POOL, MEMORY) == KOZO_OK);
    CHECK(world_is_empty(MEMORY));
    CHECK(CALL(POOL_ATTACH, POOL, SPACE) == KOZO_OK);
    CHECK(CALL(POOL_INFO, POOL) == KOZO_OK);
    CHECK(world.result[0] == MEMORY_PAGES && world.result[1] == 1);
    CHECK(world.result[2] == MEMORY_PAGES - 1 && world.result[3] == 1);
    CHECK(space(SPACE)->root != 0);
}

TEST("tables come back when their space goes")
{
    begin();
    CHECK(CALL(POOL_DONATE, POOL, MEMORY) == KOZO_OK);
    CHECK(CALL(POOL_ATTACH, POOL, SPACE) == KOZO_OK);
    CHECK(CALL(POOL_ATTACH, POOL, SPACE + 1) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, SPACE) == KOZO_OK);
    CHECK(pool()->taken == 1 && pool()->free != 0);
    world_make(KOZO_TYPE_ADDRESS_SPACE, 0, SPACE);
    CHECK(CALL(POOL_ATTACH, POOL, SPACE) == KOZO_OK);
    CHECK(pool()->taken == 2 && pool()->free == 0);
}

TEST("all pages are free again when the last space has left")
{
    begin();
    CHECK(CALL(POOL_DONATE, POOL, MEMORY) == KOZO_OK);
    CHECK(CALL(POOL_ATTACH, POOL, SPACE) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, SPACE) == KOZO_OK);
    CHECK(pool()->taken == 0 && pool()->donor[0].value == 0 && pool()->free == 0);
}

TEST("memory that does not begin at a page is used from its first whole page on")
{
    begin();
    world_make(KOZO_TYPE_UNTYPED, 6, A);
    world_make(KOZO_TYPE_UNTYPED, 12, A + 1);
    CHECK(CALL(UNTYPED_RETYPE, A + 1, KOZO_TYPE_UNTYPED, 6, A + 2, 1) == KOZO_OK);
    struct slot *memory = world_slot(A + 2);
    CHECK(CALL(POOL_DONATE, POOL, A + 2) == KOZO_BAD_ARGUMENT);
    CHECK(memory->type == KOZO_TYPE_UNTYPED);
    // As boot may leave it: two pages, of which only the second is whole.
    struct slot *odd = world_slot(MEMORY);
    odd->base += 64;
    odd->size -= 64;
    CHECK(CALL(POOL_DONATE, POOL, MEMORY) == KOZO_OK);
    CHECK(pool()->donated == MEMORY_PAGES - 1);
    CHECK(CALL(POOL_ATTACH, POOL, SPACE) == KOZO_OK);
    CHECK(space(SPACE)->root % PAGE == 0);
}

TEST("several donors are used one after the other")
{
    begin();
    CHECK(CALL(UNTYPED_RETYPE, AT_MEMORY, KOZO_TYPE_UNTYPED, ARCH_PAGE_BITS, A, 2) == KOZO_OK);
    CHECK(CALL(POOL_DONATE, POOL, A) == KOZO_OK);
    CHECK(CALL(POOL_DONATE, POOL, A + 1) == KOZO_OK);
    CHECK(CALL(POOL_ATTACH, POOL, SPACE) == KOZO_OK);
    CHECK(CALL(POOL_ATTACH, POOL, SPACE + 1) == KOZO_OK);
    CHECK(pool()->donor[0].value == PAGE && pool()->donor[1].value == PAGE);
}

TEST("a Pool has places for twelve donors")
{
    begin();
    for (unsigned i = 0; i < POOL_DONORS; i++) {
        world_make(KOZO_TYPE_UNTYPED, ARCH_PAGE_BITS, A);
        CHECK(CALL(POOL_DONATE, POOL, A) == KOZO_OK);
    }
    world_make(KOZO_TYPE_UNTYPED, ARCH_PAGE_BITS, A);
    CHECK(CALL(POOL_DONATE, POOL, A) == KOZO_BAD_STATE);
}

TEST("donate refuses what is no memory, used, or from devices")
{
    begin();
    CHECK(CALL(POOL_DONATE, POOL, SPACE) == KOZO_BAD_TYPE);
    CHECK(CALL(POOL_DONATE, POOL, AT_DEVICES) == KOZO_BAD_TYPE);
    CHECK(CALL(POOL_DONATE, POOL, AT_MEMORY) == KOZO_BAD_STATE);
    CHECK(CALL(POOL_DONATE, POOL, A) == KOZO_BAD_HANDLE);
    CHECK(CALL(POOL_DONATE, POOL, 0) == KOZO_BAD_HANDLE);
    CHECK(CALL(CNODE_MINT, AT_CNODE, A, KOZO_RIGHT_READ, 0) == KOZO_OK);
    CHECK(CALL(POOL_DONATE, POOL, A | MEMORY << WORLD_CNODE_BITS) == KOZO_NO_RIGHT);
}

TEST("attach refuses an empty Pool and a space that is on one")
{
    begin();
    CHECK(CALL(POOL_ATTACH, POOL, SPACE) == KOZO_NO_MEMORY);
    CHECK(CALL(POOL_ATTACH, POOL, AT_SPACE) == KOZO_BAD_STATE);
    CHECK(CALL(POOL_ATTACH, POOL, MEMORY) == KOZO_BAD_TYPE);
    CHECK(CALL(CNODE_MINT, SPACE, A, KOZO_RIGHT_READ, 0) == KOZO_OK);
    CHECK(CALL(POOL_ATTACH, POOL, A) == KOZO_NO_RIGHT);
}

TEST("feeding takes CONTROL, looking takes READ")
{
    begin();
    CHECK(CALL(CNODE_MINT, POOL, A, 0, 0) == KOZO_OK);
    CHECK(CALL(POOL_DONATE, A, MEMORY) == KOZO_NO_RIGHT);
    CHECK(CALL(POOL_ATTACH, A, SPACE) == KOZO_NO_RIGHT);
    CHECK(CALL(POOL_INFO, A) == KOZO_NO_RIGHT);
}

TEST("a Pool that is destroyed takes its spaces' tables along, and their threads stop")
{
    struct thread *thread = begin_with_thread();
    CHECK(CALL(FRAME_MAP, AT_BUFFER, A, SPACE, 0, 0, PAGE, KOZO_RIGHT_READ) == KOZO_OK);
    CHECK(world_run(thread));
    CHECK(CALL(CNODE_DELETE, POOL) == WAITS);
    CHECK(thread->state == STOPPED && world_is_empty(A));
    CHECK(space(SPACE)->root == 0 && space(SPACE)->pool == 0);
    CHECK(CALL(THREAD_RESUME, THREAD) == KOZO_BAD_STATE);
}

TEST("revoking a donor under live spaces takes them off the Pool first")
{
    begin();
    CHECK(CALL(POOL_DONATE, POOL, MEMORY) == KOZO_OK);
    CHECK(CALL(POOL_ATTACH, POOL, SPACE) == KOZO_OK);
    world_make(KOZO_TYPE_POOL, 0, A);
    world_make(KOZO_TYPE_UNTYPED, ARCH_PAGE_BITS + 4, A + 1);
    CHECK(CALL(UNTYPED_RETYPE, A + 1, KOZO_TYPE_UNTYPED, ARCH_PAGE_BITS + 3, A + 2, 2) == KOZO_OK);
    CHECK(CALL(POOL_DONATE, A, A + 2) == KOZO_OK);
    CHECK(CALL(POOL_DONATE, A, A + 3) == KOZO_OK);
    CHECK(CALL(POOL_ATTACH, A, SPACE + 1) == KOZO_OK);
    CHECK(CALL(FRAME_MAP, AT_BUFFER, A + 4, SPACE + 1, 0, 0, PAGE, KOZO_RIGHT_READ) == KOZO_OK);
    CHECK(CALL(CNODE_REVOKE, A + 1) == KOZO_OK);
    CHECK(world_is_empty(A + 4));
    CHECK(space(SPACE + 1)->pool == 0 && space(SPACE)->root != 0);
    CHECK(CALL(POOL_INFO, A) == KOZO_OK);
    CHECK(world.result[0] == 0 && world.result[1] == 0 && world.result[3] == 0);
    CHECK(world_slot(A + 1)->value == 0);
}

TEST("a thread in a space that is half taken off its Pool stops, and the space may die then")
{
    struct thread *thread = begin_with_thread();
    CHECK(CALL(FRAME_MAP, AT_BUFFER, A, SPACE, 0, 0, PAGE, KOZO_RIGHT_READ) == KOZO_OK);
    CHECK(CALL(FRAME_MAP, AT_BUFFER, A + 1, SPACE, PAGE, 0, PAGE, KOZO_RIGHT_READ) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, SPACE + 1) == KOZO_OK);
    host_work_limit = 1;
    CHECK(CALL(CNODE_COPY, POOL, A + 5) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, A + 5) == KOZO_OK);
    // One step into the destruction of the Pool.
    while (space(SPACE)->root != 0) {
        CHECK(!world_enter(KOZO_OP_CNODE_DELETE, POOL, (uint64_t[9]){}));
    }
    CHECK(space(SPACE)->pool != 0);
    uint64_t left = world_is_empty(A) ? A + 1 : A;
    CHECK(CALL(MAPPING_SET, left, 0, PAGE, KOZO_RIGHT_READ) == KOZO_BAD_STATE);
    CHECK(CALL(KERNEL_YIELD, 0) == KOZO_OK);
    CHECK(thread->state == STOPPED);
    CHECK(CALL(POOL_ATTACH, AT_POOL, SPACE) == KOZO_BAD_STATE);
    CHECK(CALL(FRAME_MAP, AT_BUFFER, A + 3, SPACE, 0, 0, PAGE, KOZO_RIGHT_READ) == KOZO_BAD_STATE);
    CHECK(CALL(THREAD_CONFIGURE, THREAD, 0, SPACE) == KOZO_BAD_STATE);
    CHECK(CALL(CNODE_REVOKE, SPACE) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, SPACE) == KOZO_OK);
    CHECK(kernel.dying == 0);
}

TEST("whoever waits makes no room for a thread in a space that is half taken off its Pool")
{
    struct thread *thread = begin_with_thread();
    CHECK(CALL(FRAME_MAP, AT_BUFFER, A, SPACE, 0, 0, PAGE, KOZO_RIGHT_READ) == KOZO_OK);
    CHECK(CALL(FRAME_MAP, AT_BUFFER, A + 1, SPACE, PAGE, 0, PAGE, KOZO_RIGHT_READ) == KOZO_OK);
    world_make(KOZO_TYPE_NOTIFICATION, 0, A + 2);
    host_work_limit = 1;
    while (space(SPACE)->root != 0) {
        CHECK(!world_enter(KOZO_OP_CNODE_DELETE, POOL, (uint64_t[9]){}));
    }
    CHECK(thread->queued && space(SPACE)->pool != 0);
    CHECK(CALL(NOTIFICATION_WAIT, A + 2) == WAITS);
    CHECK(thread->state == STOPPED && world_current() == nullptr);
}

TEST("a revocation of a donor that nobody finishes costs its tables until the last space leaves")
{
    begin();
    world_make(KOZO_TYPE_UNTYPED, ARCH_PAGE_BITS + 4, A);
    CHECK(CALL(UNTYPED_RETYPE, A, KOZO_TYPE_UNTYPED, ARCH_PAGE_BITS + 3, A + 1, 1) == KOZO_OK);
    CHECK(CALL(POOL_DONATE, POOL, MEMORY) == KOZO_OK);
    CHECK(CALL(POOL_DONATE, POOL, A + 1) == KOZO_OK);
    CHECK(CALL(POOL_ATTACH, POOL, SPACE) == KOZO_OK);
    for (uint64_t i = 0; i < 2; i++) {
        CHECK(CALL(FRAME_MAP, AT_BUFFER, A + 2 + i, SPACE, i * PAGE, 0, PAGE, KOZO_RIGHT_READ) ==
              KOZO_OK);
    }
    struct thread *other = world_thread(A + 4);
    host_work_limit = 1;
    CHECK(!world_enter(KOZO_OP_CNODE_REVOKE, A, (uint64_t[9]){}));
    CHECK(space(SPACE)->root == 0 && space(SPACE)->pool != 0);
    REQUIRE(world_run(other));
    // Another space may come and go, and the lost tables stay lost.
    CHECK(CALL(POOL_ATTACH, POOL, SPACE + 1) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, SPACE) == KOZO_OK);
    CHECK(pool()->taken == 1 + ARCH_LEVELS);
    CHECK(CALL(CNODE_DELETE, SPACE + 1) == KOZO_OK);
    CHECK(pool()->taken == 0);
    CHECK(pool()->donated == MEMORY_PAGES + MEMORY_PAGES / 2);
}

TEST("trim gives back the tables of one space that are empty, and is preempted")
{
    begin();
    CHECK(CALL(POOL_DONATE, POOL, MEMORY) == KOZO_OK);
    CHECK(CALL(POOL_ATTACH, POOL, SPACE) == KOZO_OK);
    CHECK(CALL(FRAME_MAP, AT_BUFFER, A, SPACE, 0, 0, PAGE, KOZO_RIGHT_READ) == KOZO_OK);
    CHECK(CALL(FRAME_MAP, AT_BUFFER, A + 1, SPACE, PAGE << ARCH_TABLE_BITS, 0, PAGE,
               KOZO_RIGHT_READ) == KOZO_OK);
    CHECK(pool()->taken == ARCH_LEVELS + 1);
    CHECK(CALL(POOL_TRIM, POOL, SPACE, 0) == KOZO_OK && pool()->taken == ARCH_LEVELS + 1);
    CHECK(CALL(CNODE_DELETE, A) == KOZO_OK);
    CHECK(CALL(POOL_TRIM, POOL, SPACE, PAGE << ARCH_TABLE_BITS) == KOZO_OK);
    CHECK(pool()->taken == ARCH_LEVELS + 1);
    host_work_limit = 1;
    CHECK(CALL(POOL_TRIM, POOL, SPACE, 0) == KOZO_OK && world.restarts > 0);
    CHECK(pool()->taken == ARCH_LEVELS);
    CHECK(CALL(CNODE_DELETE, A + 1) == KOZO_OK);
    CHECK(CALL(POOL_TRIM, POOL, SPACE, 0) == KOZO_OK && pool()->taken == 1);
    CHECK(CALL(POOL_TRIM, POOL, SPACE, UINT64_MAX) == KOZO_OK);
}

TEST("trim refuses a space that is on another Pool or on none, and missing rights")
{
    begin();
    CHECK(CALL(POOL_TRIM, POOL, SPACE, 0) == KOZO_BAD_STATE);
    CHECK(CALL(POOL_TRIM, POOL, AT_SPACE, 0) == KOZO_BAD_STATE);
    CHECK(CALL(POOL_TRIM, POOL, POOL, 0) == KOZO_BAD_TYPE);
    CHECK(CALL(CNODE_MINT, AT_SPACE, A, KOZO_RIGHT_READ, 0) == KOZO_OK);
    CHECK(CALL(POOL_TRIM, AT_POOL, A, 0) == KOZO_NO_RIGHT);
    CHECK(CALL(CNODE_MINT, AT_POOL, A + 1, KOZO_RIGHT_READ, 0) == KOZO_OK);
    CHECK(CALL(POOL_TRIM, A + 1, AT_SPACE, 0) == KOZO_NO_RIGHT);
}
