// SPDX-License-Identifier: MIT
// Who waits for whom: threads a, b, c and more, each with an endpoint that it is bound to; thread 0
// is the first one, and controls the others.
#include "tests/world.h"

#include "sched/waits.h"

constexpr unsigned THREADS = 5;
constexpr uint8_t LOW = WORLD_PRIORITY - 20;
constexpr uint8_t MIDDLE = WORLD_PRIORITY - 10;
constexpr uint8_t HIGH = WORLD_PRIORITY;

// For thread i (from 1): Thread, SchedContext, Endpoint, Reply at FIRST + 4 * i.
constexpr uint64_t FIRST = AT_FREE - 4;
constexpr uint64_t SPARE = FIRST + 4 * THREADS;

static struct thread *thread[THREADS];

static uint64_t thread_slot(unsigned i)
{
    return FIRST + 4 * i;
}

static uint64_t endpoint_slot(unsigned i)
{
    return FIRST + 4 * i + 2;
}

static uint64_t reply_slot(unsigned i)
{
    return FIRST + 4 * i + 3;
}

static void run(unsigned i)
{
    CHECK(world_run(thread[i]));
}

static void set_priority(unsigned i, uint8_t priority)
{
    run(0);
    CHECK(CALL(THREAD_SET_PRIORITY, thread_slot(i), priority) == KOZO_OK);
}

// All are ready, at the priority of the first one.
static void begin(void)
{
    world_begin();
    thread[0] = world_current();
    for (unsigned i = 1; i < THREADS; i++) {
        thread[i] = world_thread(thread_slot(i));
        world_make(KOZO_TYPE_ENDPOINT, 0, endpoint_slot(i));
        world_make(KOZO_TYPE_REPLY, 0, reply_slot(i));
        CHECK(CALL(THREAD_BIND_ENDPOINT, thread_slot(i), endpoint_slot(i)) == KOZO_OK);
    }
    CHECK(CALL(THREAD_SET_PRIORITY, AT_THREAD, HIGH) == KOZO_OK);
}

// Thread i calls the endpoint of `server`.
static unsigned call(unsigned i, unsigned server)
{
    run(i);
    return CALL(ENDPOINT_CALL, endpoint_slot(server), info_word(i, 0, 0));
}

static unsigned receive(unsigned i)
{
    run(i);
    return CALL(ENDPOINT_RECV, endpoint_slot(i), 0, reply_slot(i));
}

static unsigned answer(unsigned i)
{
    run(i);
    return CALL(REPLY_REPLY, reply_slot(i), 0);
}

static bool is_at(unsigned i, uint8_t priority)
{
    return thread[i]->priority == priority;
}

TEST("only the thread that an endpoint is bound to receives there")
{
    begin();
    run(2);
    CHECK(CALL(ENDPOINT_RECV, endpoint_slot(1), 0, reply_slot(2)) == KOZO_BAD_STATE);
    CHECK(CALL(ENDPOINT_TRY_RECV, endpoint_slot(1), 0, reply_slot(2)) == KOZO_BAD_STATE);
    CHECK(CALL(ENDPOINT_REPLY_RECV, endpoint_slot(1), 0, reply_slot(2)) == KOZO_BAD_STATE);
    CHECK(receive(1) == WAITS);
    CHECK(call(2, 1) == WAITS);
    CHECK(world_current() == thread[1] && world_info(thread[1]) >> 32 == 2);
    CHECK(CALL(ENDPOINT_REPLY_RECV, endpoint_slot(2), 0, reply_slot(1)) == KOZO_BAD_STATE);
    CHECK(thread[2]->state == CALLING);
}

TEST("an endpoint is bound to one thread, a thread to one endpoint, and only while nobody waits")
{
    begin();
    world_make(KOZO_TYPE_ENDPOINT, 0, SPARE);
    CHECK(CALL(THREAD_BIND_ENDPOINT, AT_THREAD, endpoint_slot(1)) == KOZO_BAD_STATE);
    CHECK(CALL(THREAD_BIND_ENDPOINT, thread_slot(1), SPARE) == KOZO_BAD_STATE);
    CHECK(CALL(THREAD_BIND_ENDPOINT, thread_slot(1), SPARE + 1) == KOZO_BAD_HANDLE);
    CHECK(CALL(THREAD_BIND_ENDPOINT, AT_THREAD, reply_slot(1)) == KOZO_BAD_TYPE);
    CHECK(CALL(CNODE_MINT, SPARE, SPARE + 1, KOZO_RIGHT_WRITE) == KOZO_OK);
    CHECK(CALL(THREAD_BIND_ENDPOINT, AT_THREAD, SPARE + 1) == KOZO_NO_RIGHT);
    CHECK(CALL(CNODE_MINT, AT_THREAD, SPARE + 2, KOZO_RIGHT_READ) == KOZO_OK);
    CHECK(CALL(THREAD_BIND_ENDPOINT, SPARE + 2, SPARE) == KOZO_NO_RIGHT);
    run(1);
    CHECK(CALL(ENDPOINT_CALL, SPARE, 0) == WAITS);
    run(0);
    CHECK(CALL(THREAD_BIND_ENDPOINT, AT_THREAD, SPARE) == KOZO_BAD_STATE);
    CHECK(CALL(THREAD_CANCEL, thread_slot(1)) == KOZO_OK);
    CHECK(CALL(THREAD_BIND_ENDPOINT, AT_THREAD, SPARE) == KOZO_OK);
    CHECK(CALL(THREAD_BIND_ENDPOINT, AT_THREAD, 0) == KOZO_OK);
    CHECK(CALL(THREAD_BIND_ENDPOINT, AT_THREAD, 0) == KOZO_OK);
    CHECK(call(2, 3) == WAITS);
    run(0);
    CHECK(CALL(THREAD_BIND_ENDPOINT, thread_slot(3), 0) == KOZO_BAD_STATE);
    CHECK(thread[3]->endpoint != 0);
}

TEST("an endpoint may be unbound while its thread receives there, and be bound to another")
{
    begin();
    CHECK(receive(1) == WAITS);
    run(0);
    CHECK(CALL(THREAD_BIND_ENDPOINT, thread_slot(1), 0) == KOZO_OK);
    CHECK(thread[1]->endpoint == 0 && thread[1]->state == RECEIVING);
    CHECK(CALL(THREAD_CANCEL, thread_slot(1)) == KOZO_OK);
    CHECK(CALL(THREAD_BIND_ENDPOINT, AT_THREAD, endpoint_slot(1)) == KOZO_OK);
}

TEST("an endpoint under a Lease can't be bound")
{
    begin();
    world_make(KOZO_TYPE_ENDPOINT, 0, SPARE);
    world_make(KOZO_TYPE_LEASE, 0, SPARE + 1);
    CHECK(CALL(LEASE_OPEN, SPARE + 1, 0, 0, 0) == KOZO_OK);
    CHECK(CALL(CNODE_LEND, SPARE, SPARE + 2, UINT64_MAX, 0, SPARE + 1) == KOZO_OK);
    CHECK(CALL(THREAD_BIND_ENDPOINT, AT_THREAD, SPARE + 2) == KOZO_BAD_TYPE);
}

TEST("a thread that would wait for itself is refused")
{
    begin();
    CHECK(call(1, 1) == KOZO_DEADLOCK);
    CHECK(CALL(ENDPOINT_SEND, endpoint_slot(1), 0) == KOZO_DEADLOCK);
    CHECK(CALL(ENDPOINT_TRY_SEND, endpoint_slot(1), 0) == KOZO_WOULD_BLOCK);
    CHECK(world_current() == thread[1]);
}

TEST("a circle of callers that wait in queues is refused where it would close")
{
    begin();
    CHECK(call(1, 2) == WAITS);
    CHECK(call(2, 3) == WAITS);
    CHECK(call(3, 4) == WAITS);
    CHECK(call(4, 1) == KOZO_DEADLOCK);
    CHECK(thread[4]->state == READY && thread[3]->state == SENDING);
    CHECK(CALL(ENDPOINT_SEND, endpoint_slot(2), 0) == KOZO_DEADLOCK);
    CHECK(receive(4) == KOZO_OK);
    CHECK(world_info(thread[4]) >> 32 == 3);
}

TEST("a server that calls back whoever called it is refused, whether it has its time or not")
{
    begin();
    CHECK(receive(1) == WAITS);
    CHECK(receive(2) == WAITS);
    CHECK(call(3, 1) == WAITS); // by the fast path, with its time
    CHECK(thread[3]->borrower != 0);
    CHECK(call(1, 2) == WAITS);
    CHECK(call(2, 3) == KOZO_DEADLOCK);
    CHECK(call(2, 1) == KOZO_DEADLOCK);
    run(0);
    CHECK(CALL(SCHED_CONTEXT_UNBIND, thread_slot(3) + 1) == KOZO_OK);
    CHECK(thread[3]->borrower == 0 && thread[1]->borrower == 0);
    CHECK(call(2, 3) == KOZO_DEADLOCK);
}

TEST("a server that receives on with the call open is still waited for")
{
    begin();
    world_make(KOZO_TYPE_REPLY, 0, SPARE);
    CHECK(receive(1) == WAITS);
    CHECK(call(2, 1) == WAITS);
    CHECK(CALL(ENDPOINT_RECV, endpoint_slot(1), 0, SPARE) == WAITS);
    CHECK(thread[2]->borrower == 0 && thread[2]->server == link_to(thread[1]));
    CHECK(call(3, 1) == WAITS);
    CHECK(call(1, 2) == KOZO_DEADLOCK);
    CHECK(answer(1) == KOZO_OK);
    CHECK(thread[2]->state == READY && thread[2]->server == 0);
    CHECK(call(1, 2) == WAITS);
}

TEST("a chain of waits that does not end is too deep")
{
    begin();
    CHECK(call(1, 2) == WAITS);
    // By hand, since the kernel lets no circle come to be, and there is no room for more threads.
    thread[2]->server = link_to(thread[1]);
    CHECK(waits_check(&kernel.cpu[0], thread[3],
                      (struct endpoint *)world_object(endpoint_slot(1))) == KOZO_TOO_DEEP);
    thread[2]->server = 0;
    CHECK(waits_check(&kernel.cpu[0], thread[3],
                      (struct endpoint *)world_object(endpoint_slot(1))) == KOZO_OK);
}

TEST("the circle is named in the audit log")
{
    begin();
    CHECK(call(1, 2) == WAITS);
    CHECK(call(2, 3) == WAITS);
    run(0);
    while (CALL(AUDIT_LOG_READ, AT_AUDIT_LOG, KOZO_AUDIT_AUTHORITY) == KOZO_OK) {
    }
    CHECK(call(3, 1) == KOZO_DEADLOCK);
    constexpr unsigned order[] = {3, 1, 2, 3};
    run(0);
    for (unsigned i = 0; i < 3; i++) {
        CHECK(CALL(AUDIT_LOG_READ, AT_AUDIT_LOG, KOZO_AUDIT_AUTHORITY) == KOZO_OK);
        CHECK(world.result[2] == link_to(thread[order[i]]));
        CHECK(world.result[3] == ((uint64_t)KOZO_DEADLOCK << 32 | KOZO_OP_ENDPOINT_CALL));
        CHECK(world.result[4] == link_to(thread[order[i + 1]]));
    }
    CHECK(CALL(AUDIT_LOG_READ, AT_AUDIT_LOG, KOZO_AUDIT_AUTHORITY) == KOZO_WOULD_BLOCK);
    CHECK(CALL(AUDIT_LOG_READ, AT_AUDIT_LOG, KOZO_AUDIT_REFUSALS) == KOZO_OK);
    CHECK(world.result[2] == link_to(thread[3]));
    CHECK(world.result[4] == link_to(world_object(endpoint_slot(1))));
}

TEST("a fault whose handler would wait for the thread itself stops it")
{
    begin();
    run(0);
    CHECK(CALL(THREAD_SUSPEND, thread_slot(1)) == KOZO_OK);
    CHECK(CALL(THREAD_CONFIGURE, thread_slot(1), 0, 0, 0, 0, endpoint_slot(1)) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, thread_slot(1)) == KOZO_OK);
    run(1);
    world_fault(0x100);
    CHECK(thread[1]->state == FAULTED && !thread[1]->faulted);
}

TEST("who waits in a queue passes its priority on, through everybody that is waited for")
{
    begin();
    CHECK(receive(3) == WAITS);
    CHECK(call(2, 3) == WAITS); // 3 serves 2
    CHECK(call(1, 2) == WAITS); // 1 queues at 2, all are HIGH
    set_priority(3, LOW);
    set_priority(2, MIDDLE);
    CHECK(is_at(2, HIGH) && is_at(3, HIGH));
    CHECK(thread[2]->own_priority == MIDDLE && thread[3]->own_priority == LOW);
    set_priority(1, MIDDLE);
    CHECK(is_at(1, MIDDLE) && is_at(2, MIDDLE) && is_at(3, MIDDLE));
    CHECK(CALL(THREAD_CANCEL, thread_slot(2)) == KOZO_OK);
    CHECK(is_at(3, LOW) && thread[2]->server == 0);
}

TEST(
    "a priority is given back when the call is answered or broken off, and not when it is received")
{
    begin();
    set_priority(2, LOW);
    set_priority(3, LOW);
    CHECK(CALL(THREAD_SUSPEND, thread_slot(2)) == KOZO_OK); // so that it does not receive yet
    CHECK(call(1, 2) == WAITS);
    run(0);
    CHECK(is_at(2, HIGH));
    CHECK(CALL(THREAD_CANCEL, thread_slot(1)) == KOZO_OK);
    CHECK(is_at(2, LOW));
    CHECK(call(1, 2) == WAITS);
    CHECK(call(4, 2) == WAITS);
    run(0);
    CHECK(CALL(THREAD_RESUME, thread_slot(2)) == KOZO_OK);
    CHECK(receive(2) == KOZO_OK);
    CHECK(is_at(2, HIGH) && thread[1]->state == CALLING);
    run(0);
    CHECK(CALL(THREAD_SUSPEND, thread_slot(4)) == KOZO_OK);
    CHECK(is_at(2, HIGH)); // for 1, whose call it serves
    CHECK(answer(2) == KOZO_OK);
    CHECK(is_at(2, LOW) && thread[1]->state == READY);
}

TEST("a caller that is raised passes that on to the server that has its time, until the answer")
{
    begin();
    CHECK(receive(3) == WAITS);
    CHECK(receive(2) == WAITS);
    set_priority(2, MIDDLE);
    set_priority(4, LOW);
    run(0);
    CHECK(CALL(THREAD_SUSPEND, thread_slot(1)) == KOZO_OK);
    set_priority(3, LOW);
    CHECK(thread[3]->state == RECEIVING && thread[2]->state == RECEIVING);
    CHECK(CALL(ENDPOINT_CALL, endpoint_slot(2), 0) == WAITS); // thread 0, HIGH
    CHECK(world_current() == thread[2] && is_at(2, HIGH));
    CHECK(CALL(ENDPOINT_CALL, endpoint_slot(3), 0) == WAITS);
    CHECK(world_current() == thread[3] && is_at(3, HIGH));
    CHECK(thread[2]->borrower != 0 && thread[2]->server == link_to(thread[3]));
    CHECK(CALL(ENDPOINT_REPLY_RECV, endpoint_slot(3), 0, reply_slot(3)) == WAITS);
    CHECK(is_at(2, HIGH) && is_at(3, LOW) && thread[2]->server == 0);
    CHECK(world_current() == thread[2]);
    CHECK(CALL(ENDPOINT_REPLY_RECV, endpoint_slot(2), 0, reply_slot(2)) == WAITS);
    CHECK(is_at(2, MIDDLE) && world_current() == thread[0]);
}

TEST("a server that is lowered while it serves stays at the priority of its caller")
{
    begin();
    CHECK(receive(2) == WAITS);
    CHECK(call(1, 2) == WAITS);
    CHECK(thread[1]->borrower == link_to(thread[2]) && thread[1]->server == 0);
    set_priority(2, LOW);
    CHECK(is_at(2, HIGH) && thread[1]->server == link_to(thread[2]));
    set_priority(1, MIDDLE);
    CHECK(is_at(2, MIDDLE));
    set_priority(2, HIGH);
    CHECK(is_at(2, HIGH));
    CHECK(answer(2) == KOZO_OK);
    CHECK(is_at(2, HIGH) && thread[1]->server == 0);
}

TEST("when the thread that an endpoint is bound to is gone, its waiters stay, and others may "
     "receive")
{
    begin();
    CHECK(call(1, 2) == WAITS);
    CHECK(call(3, 2) == WAITS);
    run(0);
    CHECK(CALL(CNODE_DELETE, thread_slot(2) + 1) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, thread_slot(2)) == KOZO_OK);
    CHECK(thread[1]->server == 0 && thread[3]->server == 0 && thread[1]->state == SENDING);
    CHECK(CALL(ENDPOINT_RECV, endpoint_slot(2), 0, reply_slot(2)) == KOZO_OK);
    CHECK(world_info(thread[0]) >> 32 == 1);
}

TEST("when an endpoint is gone the thread that it was bound to is free")
{
    begin();
    CHECK(call(1, 2) == WAITS);
    run(0);
    CHECK(CALL(CNODE_DELETE, endpoint_slot(2)) == KOZO_OK);
    CHECK(thread[1]->state == READY && thread[2]->endpoint == 0 && thread[2]->waiters == 0);
    CHECK(CALL(THREAD_BIND_ENDPOINT, thread_slot(2), endpoint_slot(1)) == KOZO_BAD_STATE);
    CHECK(CALL(CNODE_DELETE, endpoint_slot(1)) == KOZO_OK);
}

TEST("a thread may give nobody a higher priority than its own, even while it is raised")
{
    begin();
    set_priority(2, LOW);
    CHECK(call(1, 2) == WAITS);
    run(0);
    CHECK(is_at(2, HIGH));
    run(2);
    CHECK(CALL(THREAD_SET_PRIORITY, thread_slot(3), HIGH) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(THREAD_SET_PRIORITY, thread_slot(3), LOW) == KOZO_OK);
    CHECK(CALL(THREAD_INFO, thread_slot(2)) == KOZO_OK);
    CHECK(world.result[1] == HIGH);
}

TEST("nobody gets a priority from another processor")
{
    begin();
    world_second_processor(SPARE);
    world_move(thread_slot(2), SPARE);
    set_priority(2, LOW);
    CHECK(call(1, 2) == WAITS);
    CHECK(is_at(2, LOW) && thread[1]->server == link_to(thread[2]));
}
