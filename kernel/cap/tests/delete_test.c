// SPDX-License-Identifier: MIT
#include "tests/world.h"

constexpr uint64_t A = AT_FREE;
constexpr uint64_t B = AT_FREE + 1;
constexpr uint64_t C = AT_FREE + 2;
constexpr uint64_t D = AT_FREE + 3;

static uint64_t in(uint64_t cnode, uint64_t slot)
{
    return cnode | slot << WORLD_CNODE_BITS;
}

static bool all_memory_is_back(void)
{
    return CALL(CNODE_REVOKE, AT_MEMORY) == KOZO_OK && world_slot(AT_MEMORY)->value == 0 &&
           kernel.dying == 0;
}

TEST("deleting hands what was derived to the parent")
{
    world_begin();
    world_make(KOZO_TYPE_ENDPOINT, 0, A);
    CHECK(CALL(CNODE_COPY, A, B) == KOZO_OK);
    CHECK(CALL(CNODE_COPY, B, C) == KOZO_OK);
    CHECK(CALL(CNODE_COPY, B, D) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, B) == KOZO_OK);
    CHECK(slot_parent(world_slot(C), 4) == world_slot(A));
    CHECK(slot_parent(world_slot(D), 4) == world_slot(A));
    CHECK(CALL(CNODE_DELETE, A) == KOZO_OK);
    CHECK(slot_parent(world_slot(C), WORLD_SLOTS) == world_slot(AT_MEMORY));
    CHECK(world_object(C)->grave.header.references == 2);
}

TEST("revoke deletes all that was derived, however deep, and keeps the capability")
{
    world_begin();
    world_make(KOZO_TYPE_ENDPOINT, 0, A);
    CHECK(CALL(CNODE_COPY, A, B) == KOZO_OK);
    CHECK(CALL(CNODE_COPY, B, C) == KOZO_OK);
    CHECK(CALL(CNODE_COPY, C, D) == KOZO_OK);
    CHECK(CALL(CNODE_COPY, A, D + 1) == KOZO_OK);
    CHECK(CALL(CNODE_REVOKE, B) == KOZO_OK);
    CHECK(!world_is_empty(A) && !world_is_empty(B) && !world_is_empty(D + 1));
    CHECK(world_is_empty(C) && world_is_empty(D));
    CHECK(CALL(CNODE_REVOKE, A) == KOZO_OK);
    CHECK(world_is_empty(B) && world_is_empty(D + 1));
    CHECK(world_object(A)->grave.header.references == 1);
}

TEST("the last capability takes the object along")
{
    world_begin();
    world_make(KOZO_TYPE_ENDPOINT, 0, A);
    CHECK(CALL(CNODE_MINT, A, B, KOZO_RIGHT_WRITE, 9) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, A) == KOZO_OK);
    CHECK(world_slot(AT_MEMORY)->value != 0);
    CHECK(CALL(CNODE_DELETE, B) == KOZO_OK);
    CHECK(world_slot(AT_MEMORY)->value == 0);
}

TEST("a CNode takes its contents along")
{
    world_begin();
    world_make(KOZO_TYPE_CNODE, 3, A);
    for (unsigned i = 1; i < 8; i++) {
        CHECK(CALL(UNTYPED_RETYPE, AT_MEMORY, KOZO_TYPE_ENDPOINT, 0, in(A, i), 1) == KOZO_OK);
    }
    CHECK(CALL(CNODE_DELETE, A) == KOZO_OK);
    CHECK(world_slot(AT_MEMORY)->value == 0);
}

TEST("CNodes that contain one another are deleted one after the other, without a stack")
{
    world_begin();
    world_make(KOZO_TYPE_CNODE, 2, A);
    uint64_t path = A;
    unsigned shift = WORLD_CNODE_BITS;
    for (unsigned depth = 0; depth < 20; depth++) {
        path |= (uint64_t)1 << shift;
        CHECK(CALL(UNTYPED_RETYPE, AT_MEMORY, KOZO_TYPE_CNODE, 2, path, 1) == KOZO_OK);
        shift += 2;
    }
    CHECK(CALL(CNODE_DELETE, A) == KOZO_OK);
    CHECK(world_slot(AT_MEMORY)->value == 0 && kernel.dying == 0);
}

TEST("two CNodes that hold only each other are lost until their memory is revoked")
{
    world_begin();
    world_make(KOZO_TYPE_CNODE, 2, A);
    world_make(KOZO_TYPE_CNODE, 2, B);
    CHECK(CALL(CNODE_COPY, A, in(B, 1)) == KOZO_OK);
    CHECK(CALL(CNODE_MOVE, B, in(A, 1)) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, A) == KOZO_OK);
    CHECK(world_slot(AT_MEMORY)->value != 0);
    CHECK(all_memory_is_back());
}

TEST("a CNode that holds the capability which its memory comes from can be revoked")
{
    world_begin();
    world_make(KOZO_TYPE_UNTYPED, 12, A);
    CHECK(CALL(UNTYPED_RETYPE, A, KOZO_TYPE_CNODE, 2, B, 1) == KOZO_OK);
    CHECK(CALL(UNTYPED_RETYPE, A, KOZO_TYPE_ENDPOINT, 0, C, 1) == KOZO_OK);
    CHECK(CALL(CNODE_MOVE, A, in(B, 1)) == KOZO_OK);
    CHECK(CALL(CNODE_REVOKE, in(B, 1)) == KOZO_OK);
    CHECK(world_is_empty(A) && world_is_empty(B));
    CHECK(kernel.dying == 0);
    CHECK(all_memory_is_back());
}

TEST("the same with a preemption point everywhere")
{
    world_begin();
    world_make(KOZO_TYPE_UNTYPED, 12, A);
    CHECK(CALL(UNTYPED_RETYPE, A, KOZO_TYPE_CNODE, 2, B, 1) == KOZO_OK);
    CHECK(CALL(UNTYPED_RETYPE, A, KOZO_TYPE_ENDPOINT, 0, in(B, 3), 1) == KOZO_OK);
    CHECK(CALL(CNODE_MOVE, A, in(B, 1)) == KOZO_OK);
    host_work_limit = 1;
    CHECK(CALL(CNODE_REVOKE, in(B, 1)) == KOZO_OK);
    CHECK(world.restarts > 0);
    CHECK(kernel.dying == 0);
    CHECK(all_memory_is_back());
}

TEST("revoking an Untyped finishes what is half taken apart")
{
    world_begin();
    world_make(KOZO_TYPE_UNTYPED, 12, A);
    CHECK(CALL(UNTYPED_RETYPE, A, KOZO_TYPE_CNODE, 4, B, 1) == KOZO_OK);
    CHECK(CALL(CNODE_COPY, AT_THREAD, in(B, 14)) == KOZO_OK);
    host_work_limit = 1;
    CHECK(!world_enter(KOZO_OP_CNODE_DELETE, B, (uint64_t[9]){}));
    CHECK(world_is_empty(B) && kernel.dying != 0);
    CHECK(CALL(CNODE_REVOKE, A) == KOZO_OK);
    CHECK(kernel.dying == 0 && world_slot(A)->value == 0);
}

TEST("a thread may delete itself")
{
    world_begin();
    struct thread *thread = world_thread(A);
    REQUIRE(world_run(thread));
    CHECK(CALL(CNODE_DELETE, A) == WAITS);
    CHECK(world_current() == (struct thread *)world_object(AT_THREAD));
    CHECK(CALL(CNODE_DELETE, B) == KOZO_OK);
    CHECK(world_slot(AT_MEMORY)->value == 0);
}

TEST("a thread may delete the CNode that its handles start in")
{
    world_begin();
    struct thread *thread = world_thread(A);
    world_make(KOZO_TYPE_CNODE, 3, C);
    CHECK(CALL(CNODE_COPY, C, in(C, 1)) == KOZO_OK);
    CHECK(CALL(THREAD_SUSPEND, A) == KOZO_OK);
    CHECK(CALL(THREAD_CONFIGURE, A, C) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, A) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, C) == KOZO_OK);
    REQUIRE(world_run(thread));
    CHECK(CALL(CNODE_DELETE, 1) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, 1) == KOZO_OK);
    REQUIRE(world_run((struct thread *)world_object(AT_THREAD)));
    CHECK(CALL(CNODE_DELETE, A) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, B) == KOZO_OK);
    CHECK(world_slot(AT_MEMORY)->value == 0);
}

TEST("a thread that revokes its own memory is gone, and the others go on")
{
    world_begin();
    world_make(KOZO_TYPE_UNTYPED, 13, D);
    CHECK(CALL(UNTYPED_RETYPE, D, KOZO_TYPE_THREAD, 0, A, 1) == KOZO_OK);
    CHECK(CALL(UNTYPED_RETYPE, D, KOZO_TYPE_SCHED_CONTEXT, 0, B, 1) == KOZO_OK);
    CHECK(CALL(THREAD_CONFIGURE, A, AT_CNODE, AT_SPACE) == KOZO_OK);
    CHECK(CALL(SCHED_CONTROL_CONFIGURE, AT_SCHED_CONTROL, B, BUDGET_DEFAULT) == KOZO_OK);
    CHECK(CALL(SCHED_CONTEXT_BIND, B, A) == KOZO_OK);
    CHECK(CALL(THREAD_SET_PRIORITY, A, WORLD_PRIORITY) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, A) == KOZO_OK);
    REQUIRE(world_run((struct thread *)world_object(A)));
    CHECK(CALL(CNODE_REVOKE, D) == WAITS);
    CHECK(world_current() == (struct thread *)world_object(AT_THREAD));
    CHECK(world_is_empty(A) && world_is_empty(B) && kernel.dying == 0);
    CHECK(all_memory_is_back());
}

TEST("the same with a preemption point everywhere, as soon as somebody deletes")
{
    world_begin();
    world_make(KOZO_TYPE_UNTYPED, 14, D);
    CHECK(CALL(UNTYPED_RETYPE, D, KOZO_TYPE_THREAD, 0, A, 1) == KOZO_OK);
    CHECK(CALL(UNTYPED_RETYPE, D, KOZO_TYPE_SCHED_CONTEXT, 0, B, 1) == KOZO_OK);
    CHECK(CALL(UNTYPED_RETYPE, D, KOZO_TYPE_ENDPOINT, 0, C, 1) == KOZO_OK);
    CHECK(CALL(THREAD_CONFIGURE, A, AT_CNODE, AT_SPACE) == KOZO_OK);
    CHECK(CALL(SCHED_CONTROL_CONFIGURE, AT_SCHED_CONTROL, B, BUDGET_DEFAULT) == KOZO_OK);
    CHECK(CALL(SCHED_CONTEXT_BIND, B, A) == KOZO_OK);
    CHECK(CALL(THREAD_SET_PRIORITY, A, WORLD_PRIORITY) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, A) == KOZO_OK);
    REQUIRE(world_run((struct thread *)world_object(A)));
    host_work_limit = 1;
    CHECK(CALL(CNODE_REVOKE, D) == WAITS);
    REQUIRE(world_run((struct thread *)world_object(AT_THREAD)));
    CHECK(CALL(KERNEL_NULL, 0) == KOZO_OK);
    CHECK(world_is_empty(A) && world_is_empty(B) && world_is_empty(C) && kernel.dying == 0);
    CHECK(all_memory_is_back());
}

TEST("a preempted revoke gets to its end although it cuts off its own handle")
{
    world_begin();
    world_make(KOZO_TYPE_CNODE, 2, A);
    world_make(KOZO_TYPE_ENDPOINT, 0, B);
    CHECK(CALL(CNODE_COPY, A, C) == KOZO_OK);
    CHECK(CALL(CNODE_MOVE, A, in(C, 2)) == KOZO_OK);
    CHECK(CALL(CNODE_COPY, in(C, 2), D) == KOZO_OK);
    host_work_limit = 1;
    CHECK(CALL(CNODE_REVOKE, in(C, 2)) == KOZO_OK);
    CHECK(world.restarts > 0);
    CHECK(world_is_empty(C) && world_is_empty(D));
}

TEST("what is derived while a revoke is in progress stays")
{
    world_begin();
    struct thread *other = world_thread(D + 1);
    world_make(KOZO_TYPE_ENDPOINT, 0, A);
    CHECK(CALL(CNODE_COPY, A, B) == KOZO_OK);
    CHECK(CALL(CNODE_COPY, A, D) == KOZO_OK);
    host_work_limit = 1;
    CHECK(!world_enter(KOZO_OP_CNODE_REVOKE, A, (uint64_t[9]){}));
    CHECK(world_is_empty(B) && !world_is_empty(D));
    REQUIRE(world_run(other));
    CHECK(CALL(CNODE_COPY, A, B) == KOZO_OK);
    REQUIRE(world_run((struct thread *)world_object(AT_THREAD)));
    CHECK(CALL(KERNEL_NULL, 0) == KOZO_OK);
    CHECK(world_is_empty(D) && !world_is_empty(B));
}

TEST("a thread's next revoke ends one that it was torn out of")
{
    world_begin();
    world_make(KOZO_TYPE_ENDPOINT, 0, A);
    CHECK(CALL(CNODE_COPY, A, B) == KOZO_OK);
    CHECK(CALL(CNODE_COPY, A, D) == KOZO_OK);
    host_work_limit = 1;
    CHECK(!world_enter(KOZO_OP_CNODE_REVOKE, A, (uint64_t[9]){}));
    CHECK(CALL(CNODE_COPY, A, B) == KOZO_OK);
    CHECK(CALL(CNODE_REVOKE, A) == KOZO_OK);
    CHECK(world_is_empty(B) && world_is_empty(D));
}

TEST("whoever revokes what another thread is about to revoke has all of it gone")
{
    world_begin();
    struct thread *other = world_thread(D + 1);
    world_make(KOZO_TYPE_ENDPOINT, 0, A);
    CHECK(CALL(CNODE_COPY, A, B) == KOZO_OK);
    CHECK(CALL(CNODE_COPY, B, D) == KOZO_OK);
    host_work_limit = 1;
    CHECK(!world_enter(KOZO_OP_CNODE_REVOKE, A, (uint64_t[9]){}));
    REQUIRE(world_run(other));
    CHECK(CALL(CNODE_REVOKE, A) == KOZO_OK);
    CHECK(world_is_empty(B) && world_is_empty(D));
}

TEST("a thread that is destroyed in the middle of a revoke takes along what it has condemned")
{
    world_begin();
    const struct thread *first = world_current();
    const struct thread *other = world_thread(D + 1);
    world_make(KOZO_TYPE_ENDPOINT, 0, A);
    CHECK(CALL(CNODE_COPY, A, B) == KOZO_OK);
    CHECK(CALL(CNODE_COPY, A, D) == KOZO_OK);
    REQUIRE(world_run(other));
    uint64_t limit = host_work_limit;
    host_work_limit = 1;
    CHECK(!world_enter(KOZO_OP_CNODE_REVOKE, A, (uint64_t[9]){}));
    host_work_limit = limit;
    REQUIRE(world_run(first));
    CHECK(world_is_empty(B) != world_is_empty(D) && other->state == READY);
    CHECK(CALL(CNODE_DELETE, D + 1) == KOZO_OK);
    CHECK(!world_is_empty(A) && world_is_empty(B) && world_is_empty(D));
    CHECK(kernel.dying == 0);
}

TEST("revoking everything that a thread lives in stops it")
{
    world_begin();
    struct thread *thread = world_thread(A);
    CHECK(CALL(CNODE_MINT, AT_SPACE, C, UINT64_MAX, 0) == KOZO_OK);
    CHECK(CALL(THREAD_SUSPEND, A) == KOZO_OK);
    CHECK(CALL(THREAD_CONFIGURE, A, 0, C) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, A) == KOZO_OK);
    CHECK(thread->queued);
    CHECK(CALL(CNODE_REVOKE, C) == KOZO_OK);
    CHECK(thread->state == STOPPED && thread->space.type == KOZO_TYPE_NONE);
    CHECK(CALL(THREAD_RESUME, A) == KOZO_BAD_STATE);
}
