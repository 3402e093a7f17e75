// SPDX-License-Identifier: MIT
#include "kernel_test.h"

static enum kozo_error retype(enum kozo_object_type type, uint64_t size, uint64_t to,
                              uint64_t count)
{
    return kozo_untyped_retype(memory(), type, size, slot(to), count);
}

TEST("retype makes an object of every type that has one size")
{
    static const enum kozo_object_type types[] = {
        KOZO_TYPE_ENDPOINT,      KOZO_TYPE_REPLY, KOZO_TYPE_NOTIFICATION,  KOZO_TYPE_THREAD,
        KOZO_TYPE_SCHED_CONTEXT, KOZO_TYPE_POOL,  KOZO_TYPE_ADDRESS_SPACE, KOZO_TYPE_IRQ_HANDLER,
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        CHECK(type_in(make(types[i])) == types[i]);
    }
}

TEST("retype makes CNodes, Frames and Untypeds of the size asked for")
{
    CHECK(kozo_cnode_inspect(slot(make_sized(KOZO_TYPE_CNODE, 4))).value == 4);
    CHECK(kozo_cnode_inspect(slot(make_sized(KOZO_TYPE_FRAME, 13))).value == 2 * PAGE);
    CHECK(kozo_cnode_inspect(slot(make_sized(KOZO_TYPE_UNTYPED, 16))).value == 65536);
}

TEST("retype fills consecutive slots")
{
    uint64_t first = empty_slots(8);
    CHECK(retype(KOZO_TYPE_ENDPOINT, 0, first, 8) == KOZO_OK);
    for (uint64_t i = 0; i < 8; i++) {
        CHECK(type_in(first + i) == KOZO_TYPE_ENDPOINT);
    }
}

TEST("what retype makes is a child of the Untyped")
{
    struct kozo_cnode_inspect_result is = kozo_cnode_inspect(slot(make(KOZO_TYPE_ENDPOINT)));
    CHECK(is.parent.handle == memory().handle);
    CHECK(kozo_cnode_inspect(slot(memory().handle)).children);
}

TEST("retype refuses a type that can't be made")
{
    uint64_t to = empty_slot();
    CHECK(retype(KOZO_TYPE_NONE, 0, to, 1) == KOZO_BAD_TYPE);
    CHECK(retype(KOZO_TYPE_MAPPING, 0, to, 1) == KOZO_BAD_TYPE);
    CHECK(retype(KOZO_TYPE_IRQ_CONTROL, 0, to, 1) == KOZO_BAD_TYPE);
    CHECK(retype(KOZO_TYPE_IO_PORT, 0, to, 1) == KOZO_BAD_TYPE);
    CHECK(retype(KOZO_TYPE_SCHED_CONTROL, 0, to, 1) == KOZO_BAD_TYPE);
    union {
        uint32_t number;
        enum kozo_object_type type;
    } no_type = {.number = 200};
    CHECK(retype(no_type.type, 0, to, 1) == KOZO_BAD_TYPE);
    CHECK(type_in(to) == KOZO_TYPE_NONE);
}

TEST("retype refuses sizes out of range")
{
    uint64_t to = empty_slot();
    CHECK(retype(KOZO_TYPE_CNODE, 1, to, 1) == KOZO_BAD_ARGUMENT);
    CHECK(retype(KOZO_TYPE_CNODE, 25, to, 1) == KOZO_BAD_ARGUMENT);
    CHECK(retype(KOZO_TYPE_FRAME, 11, to, 1) == KOZO_BAD_ARGUMENT);
    CHECK(retype(KOZO_TYPE_FRAME, 41, to, 1) == KOZO_BAD_ARGUMENT);
    CHECK(retype(KOZO_TYPE_UNTYPED, 5, to, 1) == KOZO_BAD_ARGUMENT);
    CHECK(retype(KOZO_TYPE_UNTYPED, 64, to, 1) == KOZO_BAD_ARGUMENT);
    CHECK(retype(KOZO_TYPE_ENDPOINT, 6, to, 1) == KOZO_BAD_ARGUMENT);
    CHECK(retype(KOZO_TYPE_FRAME, UINT64_MAX, to, 1) == KOZO_BAD_ARGUMENT);
}

TEST("retype refuses counts out of range")
{
    uint64_t to = empty_slot();
    CHECK(retype(KOZO_TYPE_ENDPOINT, 0, to, 0) == KOZO_BAD_ARGUMENT);
    CHECK(retype(KOZO_TYPE_ENDPOINT, 0, to, 257) == KOZO_BAD_ARGUMENT);
    CHECK(retype(KOZO_TYPE_ENDPOINT, 0, to, UINT64_MAX) == KOZO_BAD_ARGUMENT);
}

TEST("retype refuses a destination that leads to no slot")
{
    CHECK(retype(KOZO_TYPE_ENDPOINT, 0, 0, 1) == KOZO_BAD_HANDLE);
    CHECK(retype(KOZO_TYPE_ENDPOINT, 0, UINT64_MAX, 1) == KOZO_BAD_HANDLE);
    uint64_t last = (1ul << kozo_process_info()->cnode_bits) - 1;
    CHECK(retype(KOZO_TYPE_ENDPOINT, 0, last, 2) == KOZO_BAD_HANDLE);
}

TEST("retype refuses a slot that is taken, and changes nothing")
{
    uint64_t first = empty_slots(3);
    CHECK(carve(KOZO_TYPE_ENDPOINT, 0, first + 2) == KOZO_OK);
    uint64_t free = kozo_untyped_info(memory()).free;
    CHECK(retype(KOZO_TYPE_NOTIFICATION, 0, first, 3) == KOZO_SLOT_TAKEN);
    CHECK(type_in(first) == KOZO_TYPE_NONE && type_in(first + 1) == KOZO_TYPE_NONE);
    CHECK(kozo_untyped_info(memory()).free == free);
}

TEST("retype refuses more than is left, and changes nothing")
{
    uint64_t free = kozo_untyped_info(memory()).free;
    uint64_t to = empty_slot();
    CHECK(retype(KOZO_TYPE_FRAME, 40, to, 1) == KOZO_NO_MEMORY);
    CHECK(type_in(to) == KOZO_TYPE_NONE && kozo_untyped_info(memory()).free == free);
}

TEST("retype refuses a handle that is no Untyped, or none at all")
{
    uint64_t endpoint = make(KOZO_TYPE_ENDPOINT);
    uint64_t to = empty_slot();
    CHECK(kozo_untyped_retype((struct kozo_untyped){endpoint}, KOZO_TYPE_ENDPOINT, 0, slot(to),
                              1) == KOZO_BAD_TYPE);
    CHECK(kozo_untyped_retype((struct kozo_untyped){to}, KOZO_TYPE_ENDPOINT, 0, slot(to), 1) ==
          KOZO_BAD_HANDLE);
    CHECK(kozo_untyped_retype((struct kozo_untyped){0}, KOZO_TYPE_ENDPOINT, 0, slot(to), 1) ==
          KOZO_BAD_HANDLE);
}

TEST("an Untyped tells its size and what is left")
{
    struct kozo_untyped_info_result before = kozo_untyped_info(memory());
    CHECK(before.error == KOZO_OK && before.free == before.size && !before.device);
    (void)make_sized(KOZO_TYPE_FRAME, 12);
    CHECK(kozo_untyped_info(memory()).free == before.size - PAGE);
}

TEST("an Untyped is whole again when its last child is gone, not before")
{
    uint64_t size = kozo_untyped_info(memory()).size;
    uint64_t first = make_sized(KOZO_TYPE_FRAME, 12);
    uint64_t second = make_sized(KOZO_TYPE_FRAME, 12);
    CHECK(kozo_cnode_delete(slot(first)) == KOZO_OK);
    CHECK(kozo_untyped_info(memory()).free == size - 2 * PAGE);
    CHECK(kozo_cnode_delete(slot(second)) == KOZO_OK);
    CHECK(kozo_untyped_info(memory()).free == size);
}

TEST("an Untyped can be moved, but not copied or minted")
{
    uint64_t untyped = make_sized(KOZO_TYPE_UNTYPED, 14);
    uint64_t to = empty_slot();
    CHECK(kozo_cnode_copy(slot(untyped), slot(to)) == KOZO_BAD_TYPE);
    CHECK(mint(untyped, to, ALL_RIGHTS, 0) == KOZO_BAD_TYPE);
    CHECK(kozo_cnode_move(slot(untyped), slot(to)) == KOZO_OK);
    CHECK(type_in(to) == KOZO_TYPE_UNTYPED && type_in(untyped) == KOZO_TYPE_NONE);
}

TEST("an Untyped inside an Untyped makes objects too, and revoke of the outer takes them")
{
    struct kozo_untyped inner = {make_sized(KOZO_TYPE_UNTYPED, 16)};
    uint64_t to = empty_slot();
    CHECK(kozo_untyped_retype(inner, KOZO_TYPE_ENDPOINT, 0, slot(to), 1) == KOZO_OK);
    CHECK(kozo_cnode_revoke(slot(memory().handle)) == KOZO_OK);
    CHECK(type_in(to) == KOZO_TYPE_NONE && type_in(inner.handle) == KOZO_TYPE_NONE);
}

TEST("memory is zero when it is carved again")
{
    uint64_t frame = make_sized(KOZO_TYPE_FRAME, 12);
    uint64_t mapping = empty_slot();
    volatile uint64_t *word = (volatile uint64_t *)FREE_ADDRESS;
    REQUIRE(kozo_frame_map((struct kozo_frame){frame}, slot(mapping), own_space(), FREE_ADDRESS, 0,
                           PAGE, KOZO_RIGHT_READ | KOZO_RIGHT_WRITE) == KOZO_OK);
    CHECK(*word == 0);
    *word = 0x1234;
    CHECK(kozo_cnode_delete(slot(mapping)) == KOZO_OK);
    CHECK(kozo_cnode_delete(slot(frame)) == KOZO_OK);
    frame = make_sized(KOZO_TYPE_FRAME, 12);
    REQUIRE(kozo_frame_map((struct kozo_frame){frame}, slot(mapping), own_space(), FREE_ADDRESS, 0,
                           PAGE, KOZO_RIGHT_READ) == KOZO_OK);
    CHECK(*word == 0);
}
