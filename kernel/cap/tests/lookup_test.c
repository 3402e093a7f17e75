// SPDX-License-Identifier: MIT
#include "tests/world.h"

#include "cap/lookup.h"

// A CNode of four slots in AT_FREE, which holds an Endpoint in its slot 2: handle AT_FREE | 2 << 6.
static void two_levels(void)
{
    world_begin();
    world_make(KOZO_TYPE_CNODE, 2, AT_FREE);
    CHECK(CALL(UNTYPED_RETYPE, AT_MEMORY, KOZO_TYPE_ENDPOINT, 0, AT_FREE | 2 << WORLD_CNODE_BITS,
               1) == KOZO_OK);
}

TEST("a small handle is a slot of the thread's own CNode")
{
    two_levels();
    CHECK(lookup(world_current(), AT_MEMORY) == world_slot(AT_MEMORY));
    struct place place = lookup_place(world_current(), WORLD_SLOTS - 1);
    CHECK(place.error == KOZO_OK && place_slot(&place) == world_slot(WORLD_SLOTS - 1));
}

TEST("a longer handle goes on in the CNode that its lowest bits name")
{
    two_levels();
    const struct slot *slot = lookup(world_current(), AT_FREE | 2 << WORLD_CNODE_BITS);
    REQUIRE(slot != nullptr);
    CHECK(slot->type == KOZO_TYPE_ENDPOINT);
    CHECK(slot == &((struct cnode *)world_object(AT_FREE))->slot[0] + 2);
}

TEST("a handle may lead through a CNode as often as it has bits")
{
    two_levels();
    // AT_CNODE names the first CNode itself.
    uint64_t handle = AT_MEMORY;
    for (unsigned i = 0; i < 64 / WORLD_CNODE_BITS - 1; i++) {
        handle = handle << WORLD_CNODE_BITS | AT_CNODE;
    }
    CHECK(lookup(world_current(), handle) == world_slot(AT_MEMORY));
}

TEST("a handle leads nowhere through slot 0, an empty slot, or what is no CNode")
{
    two_levels();
    CHECK(lookup_place(world_current(), 0).error == KOZO_BAD_HANDLE);
    CHECK(lookup_place(world_current(), (uint64_t)1 << WORLD_CNODE_BITS).error == KOZO_BAD_HANDLE);
    CHECK(lookup_place(world_current(), AT_FREE | 4 << WORLD_CNODE_BITS).error == KOZO_BAD_HANDLE);
    CHECK(lookup_place(world_current(), (AT_FREE + 1) | 1 << WORLD_CNODE_BITS).error ==
          KOZO_BAD_HANDLE);
    CHECK(lookup_place(world_current(), AT_MEMORY | 1 << WORLD_CNODE_BITS).error ==
          KOZO_BAD_HANDLE);
    CHECK(lookup_place(world_current(), UINT64_MAX).error == KOZO_BAD_HANDLE);
}

TEST("a handle of a thread without a CNode leads nowhere")
{
    world_begin();
    struct thread *thread = world_thread(AT_FREE);
    CHECK(CALL(THREAD_SUSPEND, AT_FREE) == KOZO_OK);
    CHECK(lookup_place(thread, AT_CNODE).error == KOZO_OK);
    world_make(KOZO_TYPE_THREAD, 0, AT_FREE + 5);
    CHECK(lookup_place((struct thread *)world_object(AT_FREE + 5), AT_CNODE).error ==
          KOZO_BAD_HANDLE);
}

TEST("an empty slot is a place but no capability")
{
    two_levels();
    CHECK(lookup(world_current(), AT_FREE + 1) == nullptr);
    CHECK(lookup_empty(world_current(), AT_FREE + 1).error == KOZO_OK);
    CHECK(lookup_empty(world_current(), AT_FREE).error == KOZO_SLOT_TAKEN);
    CHECK(lookup_empty(world_current(), 0).error == KOZO_BAD_HANDLE);
}

TEST("filling a slot takes WRITE on the last CNode of the path")
{
    two_levels();
    CHECK(CALL(CNODE_MINT, AT_FREE, AT_FREE + 1, KOZO_RIGHT_READ, 0) == KOZO_OK);
    CHECK(lookup_empty(world_current(), AT_FREE | 3 << WORLD_CNODE_BITS).error == KOZO_OK);
    CHECK(lookup_empty(world_current(), (AT_FREE + 1) | 3 << WORLD_CNODE_BITS).error ==
          KOZO_NO_RIGHT);
    CHECK(lookup(world_current(), (AT_FREE + 1) | 2 << WORLD_CNODE_BITS) != nullptr);
}

TEST("a look-up by type tells the wrong type from the missing right")
{
    two_levels();
    struct thread *thread = world_current();
    CHECK(lookup_typed(thread, AT_THREAD, KOZO_TYPE_THREAD, KOZO_RIGHT_CONTROL).slot ==
          world_slot(AT_THREAD));
    CHECK(lookup_typed(thread, AT_THREAD, KOZO_TYPE_ENDPOINT, 0).error == KOZO_BAD_TYPE);
    CHECK(lookup_typed(thread, AT_THREAD, KOZO_TYPE_THREAD, KOZO_RIGHT_WRITE).error ==
          KOZO_NO_RIGHT);
    CHECK(lookup_typed(thread, AT_FREE + 1, KOZO_TYPE_THREAD, 0).error == KOZO_BAD_HANDLE);
}

TEST("a thread that may not change its own CNode fills no slot of it")
{
    constexpr uint64_t FRAME = AT_FREE + 1;
    constexpr uint64_t EMPTY = AT_FREE + 2;

    world_begin();
    world_make(KOZO_TYPE_FRAME, ARCH_PAGE_BITS, FRAME);
    world_current()->cspace.rights = KOZO_RIGHT_READ;
    CHECK(CALL(UNTYPED_RETYPE, AT_MEMORY, KOZO_TYPE_ENDPOINT, 0, EMPTY, 1) == KOZO_NO_RIGHT);
    CHECK(CALL(FRAME_MAP, FRAME, EMPTY, AT_SPACE, 0, 0, ARCH_PAGE_SIZE, KOZO_RIGHT_READ) ==
          KOZO_NO_RIGHT);
    CHECK(CALL(CNODE_COPY, FRAME, EMPTY) == KOZO_NO_RIGHT && world_is_empty(EMPTY));
}
