// SPDX-License-Identifier: MIT
#include "tests/world.h"

#include "object/extended_state.h"

constexpr uint64_t THREAD = AT_FREE;
constexpr uint64_t OTHER = AT_FREE + 4;
constexpr uint64_t STATE = AT_FREE + 8;
constexpr uint64_t STATE_2 = AT_FREE + 9;
constexpr uint64_t A = AT_FREE + 10;

constexpr uint64_t POISON = 0xdead'beef'dead'beee;

static struct thread *first, *thread, *other;

static void give_state(uint64_t to, uint64_t state)
{
    world_make(KOZO_TYPE_EXTENDED_STATE, 0, state);
    CHECK(CALL(THREAD_SUSPEND, to) == KOZO_OK);
    CHECK(CALL(EXTENDED_STATE_BIND, state, to) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, to) == KOZO_OK);
}

// Three threads: one without extended state, two with.
static void begin(void)
{
    world_begin();
    first = world_current();
    thread = world_thread(THREAD);
    other = world_thread(OTHER);
    give_state(THREAD, STATE);
    give_state(OTHER, STATE_2);
}

static void fill(uint64_t value)
{
    for (unsigned i = 0; i < HOST_EXTENDED; i++) {
        host.extended[i] = value;
    }
}

static bool holds(uint64_t value)
{
    bool all = true;

    for (unsigned i = 0; i < HOST_EXTENDED; i++) {
        all = all && host.extended[i] == value;
    }
    return all;
}

TEST("a thread finds in its extended state what it left there")
{
    begin();
    CHECK(world_run(thread));
    CHECK(host.extended_usable && host.extended[0] == HOST_EXTENDED_FIRST);
    fill(POISON);
    CHECK(world_run(other));
    fill(7);
    CHECK(world_run(thread));
    CHECK(holds(POISON));
    CHECK(world_run(other));
    CHECK(holds(7));
}

TEST("nothing of extended state is left for a thread without, or with a new one")
{
    begin();
    CHECK(world_run(thread));
    fill(POISON);
    CHECK(world_run(first));
    CHECK(!host.extended_usable && holds(0));
    CHECK(world_run(thread));
    fill(POISON);
    CHECK(world_run(other));
    CHECK(host.extended[1] == 0 && host.extended[0] == HOST_EXTENDED_FIRST);
}

TEST("a thread that loses its ExtendedState goes on without, and nothing is left of it")
{
    begin();
    CHECK(world_run(thread));
    fill(POISON);
    CHECK(CALL(CNODE_DELETE, STATE) == KOZO_OK);
    CHECK(world_current() == thread && !host.extended_usable && holds(0));
    CHECK(thread->extended == 0 && thread->extra == 0);
}

TEST("a thread that is destroyed leaves its ExtendedState free for another")
{
    begin();
    CHECK(world_run(thread));
    fill(POISON);
    CHECK(CALL(CNODE_DELETE, THREAD) == WAITS);
    CHECK(!host.extended_usable || !holds(POISON));
    world_make(KOZO_TYPE_THREAD, 0, A);
    CHECK(CALL(EXTENDED_STATE_BIND, STATE, A) == KOZO_OK);
}

TEST("no extended state is in a processor that idles")
{
    begin();
    CHECK(world_run(first));
    CHECK(CALL(THREAD_SUSPEND, OTHER) == KOZO_OK);
    CHECK(CALL(THREAD_SUSPEND, AT_THREAD) == WAITS);
    fill(POISON);
    CHECK(CALL(THREAD_SUSPEND, THREAD) == WAITS);
    CHECK(world_current() == nullptr && !host.extended_usable && holds(0));
}

TEST("bind refuses what is bound already, and a thread that runs")
{
    begin();
    CHECK(world_run(first));
    world_make(KOZO_TYPE_EXTENDED_STATE, 0, A);
    CHECK(CALL(EXTENDED_STATE_BIND, A, AT_THREAD) == KOZO_BAD_STATE);
    CHECK(CALL(THREAD_SUSPEND, THREAD) == KOZO_OK);
    CHECK(CALL(EXTENDED_STATE_BIND, A, THREAD) == KOZO_BAD_STATE);
    CHECK(CALL(EXTENDED_STATE_BIND, STATE, THREAD) == KOZO_BAD_STATE);
    world_make(KOZO_TYPE_THREAD, 0, A + 1);
    CHECK(CALL(EXTENDED_STATE_BIND, STATE, A + 1) == KOZO_BAD_STATE);
    CHECK(CALL(EXTENDED_STATE_BIND, A, A) == KOZO_BAD_TYPE);
    CHECK(CALL(EXTENDED_STATE_BIND, A, WORLD_SLOTS - 1) == KOZO_BAD_HANDLE);
    CHECK(CALL(CNODE_MINT, A + 1, A + 2, KOZO_RIGHT_READ, 0) == KOZO_OK);
    CHECK(CALL(EXTENDED_STATE_BIND, A, A + 2) == KOZO_NO_RIGHT);
    CHECK(CALL(CNODE_MINT, A, A + 3, KOZO_RIGHT_READ, 0) == KOZO_OK);
    CHECK(CALL(EXTENDED_STATE_BIND, A + 3, A + 1) == KOZO_NO_RIGHT);
    CHECK(CALL(EXTENDED_STATE_BIND, A, A + 1) == KOZO_OK);
}

TEST("retype makes an ExtendedState of the machine's size, and none where there is nothing to keep")
{
    world_begin();
    CHECK(CALL(UNTYPED_RETYPE, AT_MEMORY, KOZO_TYPE_EXTENDED_STATE, 9, A, 1) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(UNTYPED_RETYPE, AT_DEVICES, KOZO_TYPE_EXTENDED_STATE, 0, A, 1) == KOZO_BAD_TYPE);
    CHECK(CALL(UNTYPED_RETYPE, AT_MEMORY, KOZO_TYPE_EXTENDED_STATE, 0, A, 2) == KOZO_OK);
    CHECK((uint64_t)1 << extended_state_bits() >=
          sizeof(struct extended_state) + HOST_EXTENDED * sizeof(uint64_t));
    host.has_extended = false;
    CHECK(CALL(UNTYPED_RETYPE, AT_MEMORY, KOZO_TYPE_EXTENDED_STATE, 0, A + 4, 1) == KOZO_BAD_TYPE);
    host.has_extended = true;
}
