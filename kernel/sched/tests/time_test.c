// SPDX-License-Identifier: MIT
// Time that follows calls: threads a, b, c, each with an endpoint that it serves; a is the first
// thread.
#include "tests/world.h"

#include "sched/time.h"

constexpr uint64_t SERVERS = 4;

// For server i (from 1): Thread, SchedContext, Endpoint, Reply at FIRST + 4 * i.
constexpr uint64_t FIRST = AT_FREE - 4;

static struct thread *thread[SERVERS + 1];

static uint64_t thread_slot(unsigned i)
{
    return i == 0 ? (uint64_t)AT_THREAD : FIRST + 4 * i;
}

static uint64_t context_slot(unsigned i)
{
    return i == 0 ? (uint64_t)AT_CONTEXT : FIRST + 4 * i + 1;
}

static uint64_t endpoint_slot(unsigned i)
{
    return FIRST + 4 * i + 2;
}

static uint64_t reply_slot(unsigned i)
{
    return FIRST + 4 * i + 3;
}

static link_t context_link(unsigned i)
{
    return link_to(world_context(context_slot(i)));
}

// All servers wait; the first thread runs.
static void begin(void)
{
    world_begin();
    thread[0] = world_current();
    for (unsigned i = 1; i <= SERVERS; i++) {
        thread[i] = world_thread(thread_slot(i));
        world_make(KOZO_TYPE_ENDPOINT, 0, endpoint_slot(i));
        world_make(KOZO_TYPE_REPLY, 0, reply_slot(i));
        CHECK(world_run(thread[i]));
        CHECK(CALL(ENDPOINT_RECV, endpoint_slot(i), 0, reply_slot(i)) == WAITS);
        CHECK(world_run(thread[0]));
    }
}

// Thread 0 calls 1, which calls 2, and so on up to `last`, which runs.
static void chain(unsigned last)
{
    begin();
    for (unsigned i = 1; i <= last; i++) {
        CHECK(CALL(ENDPOINT_CALL, endpoint_slot(i), info_word(i, 0, 0)) == WAITS);
        CHECK(world_current() == thread[i]);
    }
}

static unsigned receive(unsigned i)
{
    return CALL(ENDPOINT_RECV, endpoint_slot(i), 0, reply_slot(i));
}

static unsigned reply(unsigned i)
{
    return CALL(REPLY_REPLY, reply_slot(i), 0);
}

// A thread that is in no chain, to control the others; takes the last slots.
static struct thread *watcher;

static void watch(void)
{
    watcher = world_thread(WORLD_SLOTS - 2);
}

static void watcher_runs(void)
{
    CHECK(world_run(watcher));
}

static bool is_free(unsigned i)
{
    return thread[i]->lender == 0 && thread[i]->borrower == 0 && thread[i]->depth == 0;
}

static bool has_own(unsigned i)
{
    return thread[i]->time == context_link(i);
}

TEST("a server runs on the time of the first caller, through all calls")
{
    chain(3);
    CHECK(thread[3]->time == context_link(0));
    CHECK(thread[0]->time == 0 && thread[1]->time == 0 && thread[2]->time == 0);
    host.now += 1000;
    CHECK(CALL(SCHED_CONTEXT_INFO, context_slot(0)) == KOZO_OK);
    CHECK(world.result[0] == 1000);
    CHECK(CALL(SCHED_CONTEXT_INFO, context_slot(3)) == KOZO_OK);
    CHECK(world.result[0] == 0);
}

TEST("time goes home with the next receive, hop by hop")
{
    chain(3);
    CHECK(CALL(ENDPOINT_REPLY_RECV, endpoint_slot(3), 0, reply_slot(3)) == WAITS);
    CHECK(world_current() == thread[2] && thread[2]->time == context_link(0) && has_own(3));
    CHECK(CALL(ENDPOINT_REPLY_RECV, endpoint_slot(2), 0, reply_slot(2)) == WAITS);
    CHECK(CALL(ENDPOINT_REPLY_RECV, endpoint_slot(1), 0, reply_slot(1)) == WAITS);
    CHECK(world_current() == thread[0] && has_own(0) && is_free(0));
}

TEST("a receive sends the time home while the call stays open")
{
    chain(1);
    world_make(KOZO_TYPE_REPLY, 0, WORLD_SLOTS - 1);
    CHECK(CALL(ENDPOINT_RECV, endpoint_slot(1), 0, WORLD_SLOTS - 1) == WAITS);
    CHECK(has_own(0) && has_own(1) && thread[0]->state == CALLING);
    CHECK(world_current() == nullptr);
}

TEST("an early answer wakes the caller, who runs when the server receives")
{
    chain(1);
    CHECK(reply(1) == KOZO_OK);
    CHECK(thread[0]->state == READY && thread[0]->time == 0 && world_current() == thread[1]);
    CHECK(receive(1) == WAITS);
    CHECK(world_current() == thread[0] && has_own(0));
}

TEST("a passive server serves on its callers' time only")
{
    begin();
    CHECK(CALL(SCHED_CONTEXT_UNBIND, context_slot(1)) == KOZO_OK);
    CHECK(thread[1]->time == 0);
    CHECK(CALL(ENDPOINT_CALL, endpoint_slot(1), info_word(1, 0, 0)) == WAITS);
    CHECK(world_current() == thread[1]);
    CHECK(CALL(ENDPOINT_REPLY_RECV, endpoint_slot(1), 0, reply_slot(1)) == WAITS);
    CHECK(world_current() == thread[0] && thread[1]->time == 0);
    CHECK(CALL(ENDPOINT_CALL, endpoint_slot(1), info_word(1, 0, 0)) == WAITS);
    CHECK(world_current() == thread[1]);
}

TEST("a passive server that answers early goes on until it receives")
{
    begin();
    CHECK(CALL(SCHED_CONTEXT_UNBIND, context_slot(1)) == KOZO_OK);
    CHECK(CALL(ENDPOINT_CALL, endpoint_slot(1), info_word(1, 0, 0)) == WAITS);
    CHECK(reply(1) == KOZO_OK);
    CHECK(world_current() == thread[1]);
    CHECK(receive(1) == WAITS);
    CHECK(world_current() == thread[0]);
}

TEST("a passive server whose caller is cancelled stops until the next caller is served")
{
    begin();
    watch();
    CHECK(CALL(SCHED_CONTEXT_UNBIND, context_slot(1)) == KOZO_OK);
    CHECK(world_run(thread[0]));
    CHECK(CALL(ENDPOINT_CALL, endpoint_slot(1), info_word(1, 0, 0)) == WAITS);
    watcher_runs();
    CHECK(CALL(THREAD_SUSPEND, AT_THREAD) == KOZO_OK);
    CHECK(thread[1]->state == READY && thread[1]->time == 0);
    CHECK(has_own(0) && is_free(0) && is_free(1));
    CHECK(CALL(SCHED_CONTEXT_BIND, context_slot(1), thread_slot(1)) == KOZO_OK);
    CHECK(world_run(thread[1]));
    CHECK(receive(1) == WAITS);
}

TEST("suspending the first of a chain takes its time back from whoever has it")
{
    chain(3);
    watch();
    watcher_runs();
    CHECK(CALL(THREAD_SUSPEND, thread_slot(0)) == KOZO_OK);
    CHECK(has_own(0) && world_context(context_slot(0))->user == link_to(thread[0]));
    for (unsigned i = 0; i <= 3; i++) {
        CHECK(is_free(i) && has_own(i));
    }
    CHECK(thread[3]->state == READY && thread[2]->state == CALLING && thread[1]->state == CALLING);
}

TEST("suspending one in the middle sends the time to its caller at once")
{
    chain(3);
    watch();
    watcher_runs();
    CHECK(CALL(THREAD_SUSPEND, thread_slot(1)) == KOZO_OK);
    CHECK(thread[1]->state == STOPPED && has_own(1) && is_free(1));
    CHECK(has_own(0) && is_free(0) && thread[0]->state == CALLING);
    CHECK(has_own(2) && has_own(3) && is_free(2) && is_free(3));
}

TEST("suspending a server that has answered, while its own server still has the time")
{
    chain(2);
    CHECK(reply(2) == KOZO_OK);
    CHECK(thread[1]->state == READY && thread[1]->time == 0);
    watch();
    watcher_runs();
    CHECK(CALL(THREAD_SUSPEND, thread_slot(1)) == KOZO_OK);
    CHECK(has_own(0) && is_free(0) && is_free(1) && is_free(2) && has_own(2));
}

TEST("suspending the last sends the time one hop back")
{
    chain(3);
    watch();
    watcher_runs();
    CHECK(CALL(THREAD_SUSPEND, thread_slot(3)) == KOZO_OK);
    CHECK(thread[2]->time == context_link(0) && thread[2]->lender == link_to(thread[1]));
    CHECK(is_free(3) && has_own(3));
}

TEST("a thread in the middle that is destroyed leaves nothing behind")
{
    chain(3);
    watch();
    watcher_runs();
    CHECK(CALL(CNODE_DELETE, thread_slot(1)) == KOZO_OK);
    CHECK(has_own(0) && is_free(0) && is_free(2) && is_free(3));
    CHECK(world_context(context_slot(1))->owner == 0);
}

TEST("a server that is destroyed while it serves gives its caller the time back")
{
    chain(1);
    watch();
    watcher_runs();
    CHECK(thread[1]->queued && thread[1]->time == context_link(0));
    CHECK(CALL(CNODE_DELETE, thread_slot(1)) == KOZO_OK);
    CHECK(has_own(0) && is_free(0) && thread[0]->state == CALLING);
    CHECK(world_context(context_slot(1))->owner == 0);
}

TEST("a caller that is destroyed while its server, which has answered, has its time takes that "
     "along")
{
    chain(1);
    CHECK(reply(1) == KOZO_OK);
    CHECK(thread[0]->state == READY && thread[0]->borrower == link_to(thread[1]));
    CHECK(CALL(CNODE_DELETE, thread_slot(0)) == KOZO_OK);
    CHECK(has_own(1) && is_free(1) && world_current() == thread[1]);
    CHECK(world_context(context_slot(0))->user == 0);
}

TEST("when the first caller's SchedContext is revoked, everybody goes on with their own")
{
    chain(3);
    watch();
    watcher_runs();
    CHECK(CALL(CNODE_REVOKE, context_slot(0)) == KOZO_OK);
    CHECK(thread[0]->time == 0 && world_context(context_slot(0))->user == 0);
    for (unsigned i = 1; i <= 3; i++) {
        CHECK(is_free(i) && has_own(i));
    }
    CHECK(CALL(SCHED_CONTEXT_BIND, context_slot(0), AT_THREAD) == KOZO_OK);
    CHECK(has_own(0));
}

TEST("when the SchedContext of a running server's caller is destroyed, a passive server stops")
{
    begin();
    CHECK(CALL(SCHED_CONTEXT_UNBIND, context_slot(1)) == KOZO_OK);
    CHECK(CALL(ENDPOINT_CALL, endpoint_slot(1), info_word(1, 0, 0)) == WAITS);
    CHECK(CALL(SCHED_CONTEXT_UNBIND, context_slot(0)) == WAITS);
    CHECK(thread[1]->state == READY && thread[1]->time == 0 && is_free(1));
    CHECK(world_current() == nullptr);
}

TEST("a server that faults in a call keeps nobody's time")
{
    chain(2);
    world_fault(0x100);
    CHECK(thread[2]->state == FAULTED && is_free(2) && has_own(2));
    CHECK(thread[1]->time == context_link(0));
}

TEST("a server that faults lends its time to its fault handler, and gets it back")
{
    begin();
    CHECK(CALL(THREAD_SUSPEND, thread_slot(1)) == KOZO_OK);
    CHECK(CALL(THREAD_CONFIGURE, thread_slot(1), 0, 0, 0, 0, endpoint_slot(2)) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, thread_slot(1)) == KOZO_OK);
    CHECK(world_run(thread[1]));
    CHECK(receive(1) == WAITS);
    CHECK(world_run(thread[0]));
    CHECK(CALL(ENDPOINT_CALL, endpoint_slot(1), 0) == WAITS);
    world_fault(0x100);
    CHECK(world_current() == thread[2] && thread[2]->time == context_link(0));
    CHECK(CALL(ENDPOINT_REPLY_RECV, endpoint_slot(2), 0, reply_slot(2)) == WAITS);
    CHECK(world_current() == thread[1] && thread[1]->time == context_link(0));
    world_fault(0x100);
    CHECK(CALL(ENDPOINT_REPLY_RECV, endpoint_slot(2), info_word(1, 0, 0), reply_slot(2)) == WAITS);
    CHECK(thread[1]->state == FAULTED && is_free(1));
    CHECK(has_own(0) && thread[0]->state == CALLING);
}

TEST("a caller that lost its time while it waited is served on the server's own")
{
    begin();
    watch();
    CHECK(world_run(thread[2]) == false);
    CHECK(CALL(THREAD_SUSPEND, thread_slot(1)) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, thread_slot(1)) == KOZO_OK);
    CHECK(world_run(thread[0]));
    CHECK(CALL(ENDPOINT_CALL, endpoint_slot(1), info_word(6, 0, 0)) == WAITS);
    CHECK(thread[0]->state == SENDING);
    CHECK(CALL(SCHED_CONTEXT_UNBIND, context_slot(0)) == KOZO_OK);
    CHECK(world_run(thread[1]));
    CHECK(receive(1) == KOZO_OK);
    CHECK(thread[0]->state == CALLING && has_own(1) && is_free(1));
    CHECK(reply(1) == KOZO_OK);
    CHECK(thread[0]->state == READY && thread[0]->time == 0);
}

TEST("a chain of lenders has a longest length, and the call beyond it is refused")
{
    begin();
    thread[0]->depth = TIME_CHAIN_MOST;
    CHECK(CALL(ENDPOINT_CALL, endpoint_slot(1), 0) == KOZO_TOO_DEEP);
    CHECK(thread[1]->state == RECEIVING);
    thread[0]->depth = TIME_CHAIN_MOST - 1;
    CHECK(CALL(ENDPOINT_CALL, endpoint_slot(1), 0) == WAITS);
    CHECK(thread[1]->depth == TIME_CHAIN_MOST);
    CHECK(CALL(ENDPOINT_CALL, endpoint_slot(2), 0) == KOZO_TOO_DEEP);
    world_fault(0x100);
    CHECK(thread[1]->state == FAULTED);
    thread[0]->depth = 0;
}

TEST("a fault at the end of the longest chain is told to nobody")
{
    begin();
    CHECK(CALL(THREAD_SUSPEND, thread_slot(1)) == KOZO_OK);
    CHECK(CALL(THREAD_CONFIGURE, thread_slot(1), 0, 0, 0, 0, endpoint_slot(2)) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, thread_slot(1)) == KOZO_OK);
    CHECK(world_run(thread[1]));
    CHECK(receive(1) == WAITS);
    CHECK(world_run(thread[0]));
    thread[0]->depth = TIME_CHAIN_MOST - 1;
    CHECK(CALL(ENDPOINT_CALL, endpoint_slot(1), 0) == WAITS);
    world_fault(0x100);
    CHECK(thread[1]->state == FAULTED && thread[2]->state == RECEIVING);
    thread[0]->depth = 0;
}

TEST("a server that is bound to new time while it borrows uses that after its receive")
{
    begin();
    CHECK(CALL(SCHED_CONTEXT_UNBIND, context_slot(1)) == KOZO_OK);
    CHECK(CALL(ENDPOINT_CALL, endpoint_slot(1), 0) == WAITS);
    CHECK(CALL(SCHED_CONTEXT_BIND, context_slot(1), thread_slot(1)) == KOZO_OK);
    CHECK(thread[1]->time == context_link(0));
    CHECK(receive(1) == KOZO_BAD_STATE);
    CHECK(reply(1) == KOZO_OK);
    CHECK(receive(1) == WAITS);
    CHECK(has_own(1) && has_own(0));
}

TEST("a signal makes a server go on with its own time")
{
    begin();
    world_make(KOZO_TYPE_NOTIFICATION, 0, WORLD_SLOTS - 1);
    CHECK(CALL(ENDPOINT_CALL, endpoint_slot(1), 0) == WAITS);
    CHECK(CALL(THREAD_BIND_NOTIFICATION, thread_slot(1), WORLD_SLOTS - 1) == KOZO_OK);
    CHECK(CALL(NOTIFICATION_SIGNAL, WORLD_SLOTS - 1) == KOZO_OK);
    CHECK(CALL(ENDPOINT_REPLY_RECV, endpoint_slot(1), 0, reply_slot(1)) == KOZO_OK);
    CHECK(has_own(1) && has_own(0) && thread[0]->state == READY);
}
