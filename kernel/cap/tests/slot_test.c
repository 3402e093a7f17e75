// SPDX-License-Identifier: MIT
#include "cap/slot.h"

#include "tests/world.h"

constexpr uint64_t A = AT_FREE;
constexpr uint64_t B = AT_FREE + 1;
constexpr uint64_t C = AT_FREE + 2;
constexpr uint64_t D = AT_FREE + 3;

TEST("the parent is found by going around the ring, as far as one likes to go")
{
    world_begin();
    world_make(KOZO_TYPE_ENDPOINT, 0, A);
    CHECK(CALL(CNODE_COPY, A, B) == KOZO_OK);
    CHECK(CALL(CNODE_COPY, A, C) == KOZO_OK);
    CHECK(CALL(CNODE_COPY, A, D) == KOZO_OK);
    CHECK(slot_parent(world_slot(D), 3) == world_slot(A));
    CHECK(slot_parent(world_slot(D), 2) == nullptr);
    CHECK(slot_parent(world_slot(B), 1) == world_slot(A));
    CHECK(slot_parent(world_slot(B), 0) == nullptr);
}

TEST("children come oldest first, and those of a slot that goes come in its place")
{
    world_begin();
    world_make(KOZO_TYPE_ENDPOINT, 0, A);
    CHECK(CALL(CNODE_COPY, A, B) == KOZO_OK);
    CHECK(CALL(CNODE_COPY, A, C) == KOZO_OK);
    CHECK(CALL(CNODE_COPY, B, D) == KOZO_OK);
    CHECK(CALL(CNODE_COPY, B, D + 1) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, B) == KOZO_OK);
    static const uint64_t order[] = {D, D + 1, C, D};
    CHECK(slot_at(world_slot(A)->child) == world_slot(D));
    for (unsigned i = 0; i < 3; i++) {
        CHECK(slot_at(world_slot(order[i])->next) == world_slot(order[i + 1]));
    }
}

TEST("a move keeps the place in a ring of one, of two, and at its beginning")
{
    world_begin();
    world_make(KOZO_TYPE_ENDPOINT, 0, A);
    CHECK(CALL(CNODE_COPY, A, B) == KOZO_OK);
    CHECK(CALL(CNODE_MOVE, B, C) == KOZO_OK);
    CHECK(slot_at(world_slot(C)->next) == world_slot(C));
    CHECK(CALL(CNODE_COPY, A, B) == KOZO_OK);
    CHECK(CALL(CNODE_MOVE, C, D) == KOZO_OK);
    CHECK(slot_at(world_slot(A)->child) == world_slot(D));
    CHECK(CALL(CNODE_MOVE, B, C) == KOZO_OK);
    CHECK(slot_at(world_slot(D)->previous) == world_slot(C));
}

TEST("a list of slots gives back its first, middle and last")
{
    world_begin();
    link_t head = 0;
    struct slot *slots = world_slot(A); // empty ones
    slot_list_push(&head, slots + 2);
    slot_list_push(&head, slots + 1);
    slot_list_push(&head, slots);
    slot_list_unlink(&head, slots + 1);
    CHECK(slot_at(slots->list_next) == slots + 2 && slot_at(head) == slots);
    slot_list_unlink(&head, slots);
    CHECK(slot_at(head) == slots + 2 && slots[2].list_previous == 0);
    slot_list_unlink(&head, slots + 2);
    CHECK(head == 0);
}
