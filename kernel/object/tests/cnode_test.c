// SPDX-License-Identifier: MIT
#include "tests/world.h"

constexpr uint64_t A = AT_FREE;
constexpr uint64_t B = AT_FREE + 1;
constexpr uint64_t C = AT_FREE + 2;
constexpr uint64_t READ_ONLY_CNODE = AT_FREE + 3;

// An Endpoint in A, and a CNode capability without WRITE.
static void begin(void)
{
    world_begin();
    world_make(KOZO_TYPE_ENDPOINT, 0, A);
    CHECK(CALL(CNODE_MINT, AT_CNODE, READ_ONLY_CNODE, KOZO_RIGHT_READ, 0) == KOZO_OK);
}

static uint64_t read_only(uint64_t slot)
{
    return READ_ONLY_CNODE | slot << WORLD_CNODE_BITS;
}

static uint64_t ports(uint64_t first, uint64_t count)
{
    return first | count << 16;
}

static uint64_t pages(uint64_t first, uint64_t count)
{
    return first | count << 32;
}

TEST("copy makes a second capability with the same rights")
{
    begin();
    CHECK(CALL(CNODE_COPY, A, B) == KOZO_OK);
    CHECK(world_slot(B)->rights == world_slot(A)->rights);
    CHECK(world_object(B) == world_object(A));
    CHECK(world_object(A)->grave.header.references == 2);
    CHECK(slot_parent(world_slot(B), 1) == world_slot(A));
}

TEST("mint drops rights and sets a badge")
{
    begin();
    CHECK(CALL(CNODE_MINT, A, B, KOZO_RIGHT_WRITE, 0x1234) == KOZO_OK);
    CHECK(world_slot(B)->rights == KOZO_RIGHT_WRITE);
    CHECK(world_slot(B)->value == 0x1234);
    CHECK(CALL(CNODE_MINT, B, C, UINT64_MAX, 0) == KOZO_OK);
    CHECK(world_slot(C)->rights == KOZO_RIGHT_WRITE);
    CHECK(world_slot(C)->value == 0x1234);
}

TEST("mint narrows a Frame, again and again")
{
    begin();
    CHECK(CALL(UNTYPED_RETYPE, AT_MEMORY, KOZO_TYPE_FRAME, ARCH_PAGE_BITS + 2, B, 1) == KOZO_OK);
    uint64_t base = world_slot(B)->base;
    CHECK(CALL(CNODE_MINT, B, C, KOZO_RIGHT_READ, pages(1, 3)) == KOZO_OK);
    CHECK(world_slot(C)->base == base + PAGE && world_slot(C)->size == 3 * PAGE);
    CHECK(CALL(CNODE_MINT, C, C + 5, KOZO_RIGHT_READ, pages(2, 1)) == KOZO_OK);
    CHECK(world_slot(C + 5)->base == base + 3 * PAGE && world_slot(C + 5)->size == PAGE);
    CHECK(CALL(CNODE_MINT, C, C + 6, KOZO_RIGHT_READ, 0) == KOZO_OK);
    CHECK(world_slot(C + 6)->size == 3 * PAGE);
}

TEST("mint narrows an IoPort")
{
    begin();
    CHECK(CALL(CNODE_MINT, AT_PORTS, B, KOZO_RIGHT_READ, ports(0x3f8, 8)) == KOZO_OK);
    CHECK(world_slot(B)->value == 0x3f8 && world_slot(B)->size == 8);
    CHECK(CALL(CNODE_MINT, B, C, KOZO_RIGHT_READ, ports(0x3ff, 1)) == KOZO_OK);
    CHECK(world_slot(C)->value == 0x3ff && world_slot(C)->size == 1);
}

TEST("move keeps the place in the tree")
{
    begin();
    CHECK(CALL(CNODE_COPY, A, B) == KOZO_OK);
    CHECK(CALL(CNODE_MOVE, A, C) == KOZO_OK);
    CHECK(world_is_empty(A));
    CHECK(slot_parent(world_slot(B), 1) == world_slot(C));
    CHECK(slot_parent(world_slot(C), WORLD_SLOTS) == world_slot(AT_MEMORY));
    CHECK(CALL(CNODE_MOVE, AT_MEMORY, A) == KOZO_OK);
    CHECK(slot_parent(world_slot(C), WORLD_SLOTS) == world_slot(A));
}

TEST("move goes to another CNode, and into the CNode that is moved")
{
    begin();
    world_make(KOZO_TYPE_CNODE, 2, B);
    CHECK(CALL(CNODE_MOVE, A, B | 1 << WORLD_CNODE_BITS) == KOZO_OK);
    CHECK(CALL(CNODE_MOVE, B, B | 2 << WORLD_CNODE_BITS) == KOZO_OK);
    CHECK(world_is_empty(B));
    // Nobody can reach it, but the memory can be taken back.
    CHECK(CALL(CNODE_REVOKE, AT_MEMORY) == KOZO_OK);
    CHECK(world_slot(AT_MEMORY)->value == 0);
}

TEST("inspect tells what a slot holds")
{
    begin();
    CHECK(CALL(CNODE_MINT, A, B, KOZO_RIGHT_WRITE | KOZO_RIGHT_GRANT, 77) == KOZO_OK);
    CHECK(CALL(CNODE_INSPECT, B) == KOZO_OK);
    CHECK(world.result[0] == KOZO_TYPE_ENDPOINT);
    CHECK(world.result[1] == (KOZO_RIGHT_WRITE | KOZO_RIGHT_GRANT));
    CHECK(world.result[2] == 77 && world.result[3] == 0 && world.result[4] == A);
    CHECK(CALL(CNODE_INSPECT, A) == KOZO_OK);
    CHECK(world.result[3] == 1 && world.result[4] == AT_MEMORY);
    CHECK(CALL(CNODE_INSPECT, AT_CNODE) == KOZO_OK);
    CHECK(world.result[2] == WORLD_CNODE_BITS && world.result[4] == 0);
    CHECK(CALL(CNODE_INSPECT, AT_BUFFER) == KOZO_OK);
    CHECK(world.result[2] == PAGE);
    CHECK(CALL(CNODE_INSPECT, AT_PORTS) == KOZO_OK);
    CHECK(world.result[2] == ports(0, 0x10000));
    CHECK(CALL(CNODE_INSPECT, C) == KOZO_OK);
    CHECK(world.result[0] == KOZO_TYPE_NONE && world.result[1] == 0 && world.result[4] == 0);
}

TEST("inspect tells the interrupt of an IrqHandler")
{
    begin();
    world_make(KOZO_TYPE_IRQ_HANDLER, 0, B);
    CHECK(CALL(IRQ_CONTROL_CLAIM, AT_IRQ_CONTROL, B, 3) == KOZO_OK);
    CHECK(CALL(CNODE_INSPECT, B) == KOZO_OK);
    CHECK(world.result[2] == 3);
}

TEST("Untyped, Mapping and Reply capabilities can be moved but not copied")
{
    begin();
    world_make(KOZO_TYPE_REPLY, 0, B);
    CHECK(CALL(FRAME_MAP, AT_BUFFER, C, AT_SPACE, PAGE, 0, PAGE, KOZO_RIGHT_READ) == KOZO_OK);
    static const uint64_t slots[] = {AT_MEMORY, B, C};
    for (unsigned i = 0; i < 3; i++) {
        CHECK(CALL(CNODE_COPY, slots[i], C + 5) == KOZO_BAD_TYPE);
        CHECK(CALL(CNODE_MINT, slots[i], C + 5, UINT64_MAX, 0) == KOZO_BAD_TYPE);
        CHECK(CALL(CNODE_MOVE, slots[i], C + 5) == KOZO_OK);
        CHECK(CALL(CNODE_MOVE, C + 5, slots[i]) == KOZO_OK);
    }
}

TEST("copy, mint and move refuse a destination that is taken, not writable, or not there")
{
    begin();
    CHECK(CALL(CNODE_COPY, A, AT_THREAD) == KOZO_SLOT_TAKEN);
    CHECK(CALL(CNODE_COPY, A, A) == KOZO_SLOT_TAKEN);
    CHECK(CALL(CNODE_COPY, A, 0) == KOZO_BAD_HANDLE);
    CHECK(CALL(CNODE_COPY, A, read_only(B)) == KOZO_NO_RIGHT);
    CHECK(CALL(CNODE_MINT, A, AT_THREAD, 0, 0) == KOZO_SLOT_TAKEN);
    CHECK(CALL(CNODE_MINT, A, read_only(B), 0, 0) == KOZO_NO_RIGHT);
    CHECK(CALL(CNODE_MOVE, A, AT_THREAD) == KOZO_SLOT_TAKEN);
    CHECK(CALL(CNODE_MOVE, A, A) == KOZO_SLOT_TAKEN);
    CHECK(CALL(CNODE_MOVE, A, read_only(B)) == KOZO_NO_RIGHT);
}

TEST("copy, mint, move and revoke refuse an empty slot")
{
    begin();
    CHECK(CALL(CNODE_COPY, B, C) == KOZO_BAD_HANDLE);
    CHECK(CALL(CNODE_MINT, B, C, 0, 0) == KOZO_BAD_HANDLE);
    CHECK(CALL(CNODE_MOVE, B, C) == KOZO_BAD_HANDLE);
    CHECK(CALL(CNODE_REVOKE, B) == KOZO_BAD_HANDLE);
    CHECK(CALL(CNODE_DELETE, 0) == KOZO_BAD_HANDLE);
    CHECK(CALL(CNODE_INSPECT, 0) == KOZO_BAD_HANDLE);
}

TEST("move, delete and revoke refuse a slot of a CNode without WRITE")
{
    begin();
    CHECK(CALL(CNODE_MOVE, read_only(A), B) == KOZO_NO_RIGHT);
    CHECK(CALL(CNODE_DELETE, read_only(A)) == KOZO_NO_RIGHT);
    CHECK(CALL(CNODE_REVOKE, read_only(A)) == KOZO_NO_RIGHT);
    CHECK(CALL(CNODE_COPY, read_only(A), B) == KOZO_OK);
    CHECK(CALL(CNODE_INSPECT, read_only(A)) == KOZO_OK);
}

TEST("mint refuses a second badge, and a value for what takes none")
{
    begin();
    CHECK(CALL(CNODE_MINT, A, B, UINT64_MAX, 5) == KOZO_OK);
    CHECK(CALL(CNODE_MINT, B, C, UINT64_MAX, 6) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(CNODE_MINT, B, C, UINT64_MAX, 5) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(CNODE_MINT, AT_THREAD, C, UINT64_MAX, 1) == KOZO_BAD_ARGUMENT);
    CHECK(world_is_empty(C));
}

TEST("mint refuses ranges that are empty or not inside")
{
    begin();
    CHECK(CALL(UNTYPED_RETYPE, AT_MEMORY, KOZO_TYPE_FRAME, ARCH_PAGE_BITS + 1, B, 1) == KOZO_OK);
    CHECK(CALL(CNODE_MINT, B, C, UINT64_MAX, pages(1, 0)) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(CNODE_MINT, B, C, UINT64_MAX, pages(2, 1)) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(CNODE_MINT, B, C, UINT64_MAX, pages(0, 3)) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(CNODE_MINT, B, C, UINT64_MAX, UINT64_MAX) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(CNODE_MINT, AT_PORTS, C, UINT64_MAX, ports(1, 0x10000)) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(CNODE_MINT, AT_PORTS, C, UINT64_MAX, ports(0xffff, 2)) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(CNODE_MINT, AT_PORTS, C, UINT64_MAX, ports(5, 0)) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(CNODE_MINT, AT_PORTS, C + 5, UINT64_MAX, ports(0x3f8, 8)) == KOZO_OK);
    CHECK(CALL(CNODE_MINT, C + 5, C, UINT64_MAX, ports(0x3f7, 2)) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(CNODE_MINT, C + 5, C, UINT64_MAX, ports(0x3ff, 2)) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(CNODE_MINT, C + 5, C, UINT64_MAX, ports(0x400, 1)) == KOZO_BAD_ARGUMENT);
    CHECK(world_is_empty(C));
}

TEST("deleting an empty slot changes nothing and is no error")
{
    begin();
    CHECK(CALL(CNODE_DELETE, B) == KOZO_OK);
}

TEST("delete_run empties a run of slots, taken or not, and tells how many")
{
    begin();
    CHECK(CALL(CNODE_COPY, A, C) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE_RUN, A, 0, 3) == KOZO_OK);
    CHECK(world.result[0] == 3 && world_is_empty(A) && world_is_empty(C));
    CHECK(!world_is_empty(READ_ONLY_CNODE));
}

TEST("delete_run is preempted after each slot, and inside of one")
{
    begin();
    CHECK(CALL(CNODE_COPY, A, B) == KOZO_OK);
    CHECK(CALL(UNTYPED_RETYPE, AT_MEMORY, KOZO_TYPE_CNODE, 3, C, 1) == KOZO_OK);
    host_work_limit = 1;
    CHECK(CALL(CNODE_DELETE_RUN, A, 0, 3) == KOZO_OK);
    CHECK(world.restarts >= 3 && world_is_empty(B) && world_is_empty(C) && kernel.dying == 0);
}

TEST("delete_run ends when it destroys the CNode that it is in")
{
    begin();
    CHECK(CALL(UNTYPED_RETYPE, AT_MEMORY, KOZO_TYPE_CNODE, 3, B, 1) == KOZO_OK);
    CHECK(CALL(CNODE_MOVE, B, B) == KOZO_SLOT_TAKEN);
    CHECK(CALL(CNODE_COPY, B, B | 2 << WORLD_CNODE_BITS) == KOZO_OK);
    CHECK(CALL(CNODE_COPY, A, B | 3 << WORLD_CNODE_BITS) == KOZO_OK);
    // The copy in the CNode itself is the last one then.
    CHECK(CALL(CNODE_COPY, B, C) == KOZO_OK);
    uint64_t inside = C | 1 << WORLD_CNODE_BITS;
    CHECK(CALL(CNODE_DELETE_RUN, inside, 0, 7) == KOZO_OK && world.result[0] == 7);
    CHECK(CALL(CNODE_DELETE, C) == KOZO_OK && CALL(CNODE_DELETE, B) == KOZO_OK);
    CHECK(world_object(A)->grave.header.references == 1);
}

TEST("delete_run refuses a run outside of the CNode, missing WRITE, and nothing to do")
{
    begin();
    CHECK(CALL(CNODE_DELETE_RUN, A, 0, WORLD_SLOTS) == KOZO_BAD_HANDLE);
    CHECK(CALL(CNODE_DELETE_RUN, A, 0, UINT64_MAX) == KOZO_BAD_HANDLE);
    CHECK(CALL(CNODE_DELETE_RUN, 0, 0, 1) == KOZO_BAD_HANDLE);
    CHECK(CALL(CNODE_DELETE_RUN, A, 1, 1) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(CNODE_DELETE_RUN, A, 0, 0) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(CNODE_DELETE_RUN, read_only(A), 0, 1) == KOZO_NO_RIGHT);
    CHECK(!world_is_empty(A));
}
