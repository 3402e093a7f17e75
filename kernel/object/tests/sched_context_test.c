// SPDX-License-Identifier: MIT
#include "tests/world.h"

constexpr uint64_t CONTEXT = AT_FREE;
constexpr uint64_t THREAD = AT_FREE + 1;
constexpr uint64_t A = AT_FREE + 2;

static void begin(void)
{
    world_begin();
    world_make(KOZO_TYPE_SCHED_CONTEXT, 0, CONTEXT);
    world_make(KOZO_TYPE_THREAD, 0, THREAD);
}

TEST("a SchedContext gets its budget from SchedControl")
{
    begin();
    CHECK(CALL(SCHED_CONTROL_CONFIGURE, AT_SCHED_CONTROL, CONTEXT, BUDGET_MIN) == KOZO_OK);
    CHECK(CALL(SCHED_CONTEXT_INFO, CONTEXT) == KOZO_OK);
    CHECK(world.result[0] == 0 && world.result[1] == BUDGET_MIN);
    CHECK(CALL(SCHED_CONTROL_CONFIGURE, AT_SCHED_CONTROL, CONTEXT, BUDGET_MAX) == KOZO_OK);
    CHECK(world_context(CONTEXT)->left == BUDGET_MAX);
}

TEST("SchedControl refuses budgets out of range and what is no SchedContext")
{
    begin();
    CHECK(CALL(SCHED_CONTROL_CONFIGURE, AT_SCHED_CONTROL, CONTEXT, BUDGET_MIN - 1) ==
          KOZO_BAD_ARGUMENT);
    CHECK(CALL(SCHED_CONTROL_CONFIGURE, AT_SCHED_CONTROL, CONTEXT, BUDGET_MAX + 1) ==
          KOZO_BAD_ARGUMENT);
    CHECK(CALL(SCHED_CONTROL_CONFIGURE, AT_SCHED_CONTROL, THREAD, 200) == KOZO_BAD_TYPE);
    CHECK(CALL(SCHED_CONTROL_CONFIGURE, AT_SCHED_CONTROL, A, 200) == KOZO_BAD_HANDLE);
    CHECK(CALL(CNODE_MINT, CONTEXT, A, KOZO_RIGHT_READ, 0) == KOZO_OK);
    CHECK(CALL(SCHED_CONTROL_CONFIGURE, AT_SCHED_CONTROL, A, 200) == KOZO_NO_RIGHT);
}

TEST("a new budget does not pay for what was used before")
{
    begin();
    host.now += 300;
    CHECK(CALL(SCHED_CONTROL_CONFIGURE, AT_SCHED_CONTROL, AT_CONTEXT, 200) == KOZO_OK);
    CHECK(world_context(AT_CONTEXT)->left == 200 && world_context(AT_CONTEXT)->consumed == 300);
    CHECK(host.deadline == host.now + 200);
}

TEST("bind gives the time to a thread, and unbind takes it back")
{
    begin();
    CHECK(CALL(SCHED_CONTROL_CONFIGURE, AT_SCHED_CONTROL, CONTEXT, 200) == KOZO_OK);
    CHECK(CALL(SCHED_CONTEXT_BIND, CONTEXT, THREAD) == KOZO_OK);
    const struct thread *thread = (struct thread *)world_object(THREAD);
    CHECK(thread->time == world_slot(CONTEXT)->object);
    CHECK(CALL(SCHED_CONTEXT_UNBIND, CONTEXT) == KOZO_OK);
    CHECK(thread->time == 0 && thread->context.type == KOZO_TYPE_NONE);
    CHECK(CALL(SCHED_CONTEXT_UNBIND, CONTEXT) == KOZO_OK);
    CHECK(CALL(SCHED_CONTEXT_BIND, CONTEXT, THREAD) == KOZO_OK);
}

TEST("a thread may give away its own time")
{
    begin();
    struct thread *thread = world_current();
    CHECK(CALL(SCHED_CONTEXT_UNBIND, AT_CONTEXT) == WAITS);
    CHECK(world_current() == nullptr && thread->state == READY);
}

TEST("bind refuses a SchedContext without a processor, and what has time already")
{
    begin();
    CHECK(CALL(SCHED_CONTEXT_BIND, CONTEXT, THREAD) == KOZO_BAD_STATE);
    CHECK(CALL(SCHED_CONTROL_CONFIGURE, AT_SCHED_CONTROL, CONTEXT, 200) == KOZO_OK);
    CHECK(CALL(SCHED_CONTEXT_BIND, CONTEXT, AT_THREAD) == KOZO_BAD_STATE);
    CHECK(CALL(SCHED_CONTEXT_BIND, AT_CONTEXT, THREAD) == KOZO_BAD_STATE);
    CHECK(CALL(SCHED_CONTEXT_BIND, CONTEXT, AT_SPACE) == KOZO_BAD_TYPE);
    CHECK(CALL(SCHED_CONTEXT_BIND, CONTEXT, A) == KOZO_BAD_HANDLE);
    CHECK(CALL(CNODE_MINT, THREAD, A, KOZO_RIGHT_READ, 0) == KOZO_OK);
    CHECK(CALL(SCHED_CONTEXT_BIND, CONTEXT, A) == KOZO_NO_RIGHT);
}

TEST("a SchedContext that is destroyed takes the time with it")
{
    begin();
    CHECK(CALL(SCHED_CONTROL_CONFIGURE, AT_SCHED_CONTROL, CONTEXT, 200) == KOZO_OK);
    CHECK(CALL(SCHED_CONTEXT_BIND, CONTEXT, THREAD) == KOZO_OK);
    CHECK(CALL(CNODE_REVOKE, CONTEXT) == KOZO_OK);
    CHECK(((struct thread *)world_object(THREAD))->time == 0);
    CHECK(CALL(CNODE_DELETE, CONTEXT) == KOZO_OK);
    CHECK(CALL(CNODE_REVOKE, AT_CONTEXT) == WAITS);
    CHECK(world_current() == nullptr);
}

TEST("changing takes CONTROL, looking takes READ")
{
    begin();
    CHECK(CALL(CNODE_MINT, CONTEXT, A, 0, 0) == KOZO_OK);
    CHECK(CALL(SCHED_CONTEXT_BIND, A, THREAD) == KOZO_NO_RIGHT);
    CHECK(CALL(SCHED_CONTEXT_UNBIND, A) == KOZO_NO_RIGHT);
    CHECK(CALL(SCHED_CONTEXT_INFO, A) == KOZO_NO_RIGHT);
}
