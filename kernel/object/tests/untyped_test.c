// SPDX-License-Identifier: MIT
#include "tests/world.h"

#include "object/untyped.h"
#include "syscall/call.h"

static unsigned retype(enum kozo_object_type type, uint64_t size, uint64_t slot, uint64_t count)
{
    return CALL(UNTYPED_RETYPE, AT_MEMORY, type, size, slot, count);
}

static bool is_zero(const void *memory, uint64_t size)
{
    const unsigned char *byte = memory;
    for (uint64_t i = 0; i < size; i++) {
        if (byte[i] != 0) {
            return false;
        }
    }
    return true;
}

TEST("retype makes an object of every type that it may")
{
    static const struct {
        enum kozo_object_type type;
        uint64_t size;
    } types[] = {
        {KOZO_TYPE_UNTYPED, 6},       {KOZO_TYPE_UNTYPED, 12},
        {KOZO_TYPE_CNODE, 2},         {KOZO_TYPE_CNODE, 4},
        {KOZO_TYPE_ENDPOINT, 0},      {KOZO_TYPE_REPLY, 0},
        {KOZO_TYPE_NOTIFICATION, 0},  {KOZO_TYPE_THREAD, 0},
        {KOZO_TYPE_SCHED_CONTEXT, 0}, {KOZO_TYPE_POOL, 0},
        {KOZO_TYPE_ADDRESS_SPACE, 0}, {KOZO_TYPE_FRAME, ARCH_PAGE_BITS},
        {KOZO_TYPE_FRAME, 12},        {KOZO_TYPE_IRQ_HANDLER, 0},
        {KOZO_TYPE_LEASE, 0},
    };
    world_begin();
    for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        CHECK(retype(types[i].type, types[i].size, AT_FREE + i, 1) == KOZO_OK);
        CHECK(world_slot(AT_FREE + i)->type == types[i].type);
    }
    CHECK(CALL(CNODE_REVOKE, AT_MEMORY) == KOZO_OK);
    CHECK(world_slot(AT_MEMORY)->value == 0);
}

TEST("retype makes several objects side by side, in consecutive slots")
{
    world_begin();
    CHECK(retype(KOZO_TYPE_ENDPOINT, 0, AT_FREE, 5) == KOZO_OK);
    for (unsigned i = 0; i < 5; i++) {
        CHECK(world_slot(AT_FREE + i)->type == KOZO_TYPE_ENDPOINT);
        CHECK(arch_physical(world_object(AT_FREE + i)) ==
              arch_physical(world_object(AT_FREE)) + i * ((uint64_t)1 << ENDPOINT_BITS));
    }
    CHECK(world_is_empty(AT_FREE + 5));
}

TEST("a Thread is set up for user mode, made alone or with others")
{
    world_begin();
    CHECK(retype(KOZO_TYPE_THREAD, 0, AT_FREE, 1) == KOZO_OK);
    CHECK(retype(KOZO_TYPE_THREAD, 0, AT_FREE + 1, 2) == KOZO_OK);
    for (unsigned i = 0; i < 3; i++) {
        const struct thread *thread = (struct thread *)world_object(AT_FREE + i);
        CHECK(thread->registers.mode == HOST_USER_MODE);
    }
}

TEST("a Frame is all zero, whatever was there before")
{
    world_begin();
    CHECK(retype(KOZO_TYPE_FRAME, ARCH_PAGE_BITS, AT_FREE, 1) == KOZO_OK);
    unsigned char *memory = arch_window(world_slot(AT_FREE)->base);
    CHECK(is_zero(memory, PAGE));
    memset(memory, 0x77, PAGE);
    CHECK(CALL(CNODE_DELETE, AT_FREE) == KOZO_OK);
    CHECK(retype(KOZO_TYPE_FRAME, ARCH_PAGE_BITS, AT_FREE, 1) == KOZO_OK);
    CHECK(arch_window(world_slot(AT_FREE)->base) == memory && is_zero(memory, PAGE));
}

TEST("objects lie at multiples of their size")
{
    world_begin();
    CHECK(retype(KOZO_TYPE_ENDPOINT, 0, AT_FREE, 1) == KOZO_OK);
    CHECK(retype(KOZO_TYPE_THREAD, 0, AT_FREE + 1, 1) == KOZO_OK);
    CHECK(retype(KOZO_TYPE_ENDPOINT, 0, AT_FREE + 2, 1) == KOZO_OK);
    CHECK(retype(KOZO_TYPE_FRAME, 12, AT_FREE + 3, 1) == KOZO_OK);
    CHECK(arch_physical(world_object(AT_FREE + 1)) % (1 << THREAD_BITS) == 0);
    CHECK(world_slot(AT_FREE + 3)->base % 4096 == 0);
}

TEST("zeroing leaves alone what was carved before without being zeroed")
{
    world_begin();
    CHECK(retype(KOZO_TYPE_UNTYPED, 12, AT_FREE, 1) == KOZO_OK);
    CHECK(CALL(UNTYPED_RETYPE, AT_FREE, KOZO_TYPE_ENDPOINT, 0, AT_FREE + 1, 1) == KOZO_OK);
    CHECK(retype(KOZO_TYPE_FRAME, 12, AT_FREE + 2, 1) == KOZO_OK);
    CHECK(world_object(AT_FREE + 1)->grave.header.type == KOZO_TYPE_ENDPOINT);
}

TEST("an Untyped is reset when its last child is gone, and not before")
{
    world_begin();
    CHECK(retype(KOZO_TYPE_UNTYPED, 12, AT_FREE, 2) == KOZO_OK);
    uint64_t used = world_slot(AT_MEMORY)->value;
    CHECK(CALL(CNODE_DELETE, AT_FREE) == KOZO_OK);
    CHECK(world_slot(AT_MEMORY)->value == used);
    CHECK(CALL(CNODE_DELETE, AT_FREE + 1) == KOZO_OK);
    CHECK(world_slot(AT_MEMORY)->value == 0);
}

TEST("device memory becomes Frames and Untypeds, which are not zeroed")
{
    world_begin();
    CHECK(CALL(UNTYPED_RETYPE, AT_DEVICES, KOZO_TYPE_FRAME, ARCH_PAGE_BITS, AT_FREE, 2) == KOZO_OK);
    CHECK(CALL(UNTYPED_RETYPE, AT_DEVICES, KOZO_TYPE_UNTYPED, 12, AT_FREE + 2, 1) == KOZO_OK);
    CHECK((world_slot(AT_FREE)->flags & SLOT_DEVICE) != 0);
    CHECK((world_slot(AT_FREE + 2)->flags & SLOT_DEVICE) != 0);
    CHECK(CALL(UNTYPED_INFO, AT_FREE + 2) == KOZO_OK);
    CHECK(world.result[3] == 1);
}

TEST("info tells base, size, what is left, and whether it is a device")
{
    world_begin();
    CHECK(retype(KOZO_TYPE_UNTYPED, 12, AT_FREE, 1) == KOZO_OK);
    CHECK(CALL(UNTYPED_INFO, AT_FREE) == KOZO_OK);
    CHECK(world.result[0] == world_slot(AT_FREE)->base);
    CHECK(world.result[1] == 4096 && world.result[2] == 4096 && world.result[3] == 0);
    CHECK(CALL(UNTYPED_RETYPE, AT_FREE, KOZO_TYPE_ENDPOINT, 0, AT_FREE + 1, 2) == KOZO_OK);
    CHECK(CALL(UNTYPED_INFO, AT_FREE) == KOZO_OK);
    CHECK(world.result[2] == 4096 - 2 * (1 << ENDPOINT_BITS));
    world_slot(AT_FREE)->rights &= (uint16_t)~KOZO_RIGHT_PHYS;
    CHECK(CALL(UNTYPED_INFO, AT_FREE) == KOZO_OK);
    CHECK(world.result[0] == 0);
}

TEST("an Untyped can be used up to its last byte")
{
    world_begin();
    CHECK(retype(KOZO_TYPE_UNTYPED, 10, AT_FREE, 1) == KOZO_OK);
    CHECK(CALL(UNTYPED_RETYPE, AT_FREE, KOZO_TYPE_ENDPOINT, 0, AT_FREE + 1, 8) == KOZO_OK);
    CHECK(CALL(UNTYPED_RETYPE, AT_FREE, KOZO_TYPE_ENDPOINT, 0, AT_FREE + 9, 1) == KOZO_NO_MEMORY);
    CHECK(CALL(UNTYPED_RETYPE, AT_FREE, KOZO_TYPE_UNTYPED, 6, AT_FREE + 9, 1) == KOZO_NO_MEMORY);
}

TEST("retype refuses types that can't be made, and kernel objects in device memory")
{
    static const uint64_t bad[] = {
        KOZO_TYPE_NONE,
        KOZO_TYPE_MAPPING,
        KOZO_TYPE_IRQ_CONTROL,
        KOZO_TYPE_IO_PORT,
        KOZO_TYPE_SCHED_CONTROL,
        31,
        32,
        255,
        UINT64_MAX,
        1ull << 32 | 3,
    };
    world_begin();
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK(CALL(UNTYPED_RETYPE, AT_MEMORY, bad[i], 0, AT_FREE, 1) == KOZO_BAD_TYPE);
    }
    CHECK(CALL(UNTYPED_RETYPE, AT_DEVICES, KOZO_TYPE_CNODE, 4, AT_FREE, 1) == KOZO_BAD_TYPE);
    CHECK(CALL(UNTYPED_RETYPE, AT_DEVICES, KOZO_TYPE_THREAD, 0, AT_FREE, 1) == KOZO_BAD_TYPE);
    CHECK(world_is_empty(AT_FREE));
}

TEST("retype refuses sizes and counts that are out of range")
{
    world_begin();
    CHECK(retype(KOZO_TYPE_CNODE, 1, AT_FREE, 1) == KOZO_BAD_ARGUMENT);
    CHECK(retype(KOZO_TYPE_CNODE, 25, AT_FREE, 1) == KOZO_BAD_ARGUMENT);
    CHECK(retype(KOZO_TYPE_FRAME, ARCH_PAGE_BITS - 1, AT_FREE, 1) == KOZO_BAD_ARGUMENT);
    CHECK(retype(KOZO_TYPE_FRAME, 41, AT_FREE, 1) == KOZO_BAD_ARGUMENT);
    CHECK(retype(KOZO_TYPE_UNTYPED, 5, AT_FREE, 1) == KOZO_BAD_ARGUMENT);
    CHECK(retype(KOZO_TYPE_UNTYPED, 48, AT_FREE, 1) == KOZO_BAD_ARGUMENT);
    CHECK(retype(KOZO_TYPE_UNTYPED, UINT64_MAX, AT_FREE, 1) == KOZO_BAD_ARGUMENT);
    CHECK(retype(KOZO_TYPE_ENDPOINT, 7, AT_FREE, 1) == KOZO_BAD_ARGUMENT);
    CHECK(retype(KOZO_TYPE_ENDPOINT, 0, AT_FREE, 0) == KOZO_BAD_ARGUMENT);
    CHECK(retype(KOZO_TYPE_ENDPOINT, 0, AT_FREE, 257) == KOZO_BAD_ARGUMENT);
    CHECK(retype(KOZO_TYPE_ENDPOINT, 0, AT_FREE, UINT64_MAX) == KOZO_BAD_ARGUMENT);
    CHECK(world_slot(AT_MEMORY)->value == 0);
}

TEST("retype refuses slots that are taken, not writable, or not there")
{
    world_begin();
    CHECK(retype(KOZO_TYPE_ENDPOINT, 0, AT_CNODE, 1) == KOZO_SLOT_TAKEN);
    CHECK(retype(KOZO_TYPE_ENDPOINT, 0, AT_FREE + 1, 1) == KOZO_OK);
    CHECK(retype(KOZO_TYPE_ENDPOINT, 0, AT_FREE, 2) == KOZO_SLOT_TAKEN);
    CHECK(retype(KOZO_TYPE_ENDPOINT, 0, 0, 1) == KOZO_BAD_HANDLE);
    CHECK(retype(KOZO_TYPE_ENDPOINT, 0, WORLD_SLOTS - 2, 3) == KOZO_BAD_HANDLE);
    CHECK(retype(KOZO_TYPE_ENDPOINT, 0, WORLD_SLOTS - 2, 2) == KOZO_OK);
    CHECK(CALL(CNODE_MINT, AT_CNODE, AT_FREE + 2, KOZO_RIGHT_READ, 0) == KOZO_OK);
    CHECK(retype(KOZO_TYPE_ENDPOINT, 0, (AT_FREE + 2) | (AT_FREE + 5) << WORLD_CNODE_BITS, 1) ==
          KOZO_NO_RIGHT);
}

TEST("retype refuses more than is left, also when the numbers are huge")
{
    world_begin();
    CHECK(retype(KOZO_TYPE_CNODE, 24, AT_FREE, 1) == KOZO_NO_MEMORY);
    CHECK(retype(KOZO_TYPE_FRAME, 40, AT_FREE, 20) == KOZO_NO_MEMORY);
    CHECK(retype(KOZO_TYPE_UNTYPED, 47, AT_FREE, 40) == KOZO_NO_MEMORY);
    CHECK(CALL(UNTYPED_RETYPE, AT_DEVICES, KOZO_TYPE_UNTYPED, 47, AT_FREE, 1) == KOZO_NO_MEMORY);
    CHECK(world_slot(AT_MEMORY)->value == 0);
}

TEST("kernel objects beyond the reach of a link are refused, Frames and Untypeds are not")
{
    world_begin();
    struct slot far = {.type = KOZO_TYPE_UNTYPED, .base = LINK_END, .size = 1 << 20};
    uint64_t argument[9] = {KOZO_TYPE_ENDPOINT, 0, AT_FREE, 1};
    struct call call = {
        .cpu = arch_cpu(), .caller = world_current(), .slot = &far, .argument = argument};
    CHECK(untyped_retype_call(&call) == KOZO_NO_MEMORY);
    argument[0] = KOZO_TYPE_FRAME;
    argument[1] = ARCH_PAGE_BITS;
    far.flags = SLOT_DEVICE; // which is not zeroed
    far.up = link_to(&kernel.root);
    CHECK(untyped_retype_call(&call) == KOZO_OK);
    CHECK(world_slot(AT_FREE)->base == LINK_END);
}

TEST("zeroing is preempted, keeps its progress, and then makes everything at once")
{
    world_begin();
    host_work_limit = 1;
    uint64_t size = HOST_RAM >= 1 << 20 ? 17 : 14;
    CHECK(retype(KOZO_TYPE_FRAME, size, AT_FREE, 1) == KOZO_OK);
    CHECK(world.restarts >= (1u << size) / 4096 - 1);
    const unsigned char *memory = arch_window(world_slot(AT_FREE)->base);
    CHECK(is_zero(memory, (uint64_t)1 << size));
}
