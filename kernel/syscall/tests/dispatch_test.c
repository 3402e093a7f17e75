// SPDX-License-Identifier: MIT
#include "tests/world.h"

#include "kozo/operations.h"

#define NUMBER(number, ...) number,
static const uint64_t numbers[] = {KOZO_OPERATIONS(NUMBER)};

static bool exists(uint64_t number)
{
    for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (numbers[i] == number) {
            return true;
        }
    }
    return false;
}

TEST("an operation that does not exist is refused")
{
    static const uint64_t far[] = {UINT64_MAX, 1ull << 32, 1ull << 63, 0x10000};
    world_begin();
    for (uint64_t number = 0; number < 0x400; number++) {
        if (!exists(number)) {
            CHECK(world_call(number, AT_THREAD, (uint64_t[9]){}) == KOZO_BAD_OPERATION);
        }
    }
    for (unsigned i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
        CHECK(world_call(far[i], AT_THREAD, (uint64_t[9]){}) == KOZO_BAD_OPERATION);
    }
}

TEST("every operation refuses a handle that leads nowhere, and the wrong type of object")
{
    world_begin();
    for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        bool of_kernel = numbers[i] < 0x10;
        bool of_slot = numbers[i] >> 4 == KOZO_TYPE_CNODE;
        if (of_kernel || of_slot) {
            continue;
        }
        CHECK(world_call(numbers[i], 0, (uint64_t[9]){}) == KOZO_BAD_HANDLE);
        CHECK(world_call(numbers[i], WORLD_SLOTS - 1, (uint64_t[9]){}) == KOZO_BAD_HANDLE);
        CHECK(world_call(numbers[i], UINT64_MAX, (uint64_t[9]){}) == KOZO_BAD_HANDLE);
        CHECK(world_call(numbers[i], AT_CNODE, (uint64_t[9]){}) == KOZO_BAD_TYPE);
    }
}

TEST("a refused system call changes nothing but its own result")
{
    world_begin();
    struct thread *thread = world_current();
    CHECK(CALL(KERNEL_NULL, 0) == KOZO_OK);
    uint64_t hash = world_hash(thread);
    CHECK(CALL(UNTYPED_RETYPE, AT_MEMORY, 99, 0, AT_FREE, 1) == KOZO_BAD_TYPE);
    CHECK(CALL(CNODE_COPY, AT_THREAD, AT_THREAD) == KOZO_SLOT_TAKEN);
    CHECK(CALL(THREAD_RESUME, AT_THREAD) == KOZO_BAD_STATE);
    CHECK(world_hash(thread) == hash);
    CHECK(thread->registers.argument[0] == 0);
}
