// SPDX-License-Identifier: MIT
#include "tests/world.h"

#include "object/lease.h"

constexpr uint64_t LEASE = AT_FREE; // and the five after it
constexpr uint64_t NOTICE = AT_FREE + 6;
constexpr uint64_t LENT = AT_FREE + 7;
constexpr uint64_t A = AT_FREE + 8;
constexpr uint64_t B = AT_FREE + 9;
constexpr uint64_t C = AT_FREE + 10;

static void begin(void)
{
    world_begin();
    CHECK(CALL(UNTYPED_RETYPE, AT_MEMORY, KOZO_TYPE_LEASE, 0, LEASE, 6) == KOZO_OK);
    world_make(KOZO_TYPE_NOTIFICATION, 0, NOTICE);
}

static unsigned lend(uint64_t source, uint64_t destination, uint64_t value, uint64_t lease)
{
    return CALL(CNODE_LEND, source, destination, UINT64_MAX, value, lease);
}

static void begin_lent(uint64_t deadline, uint64_t uses)
{
    begin();
    CHECK(CALL(LEASE_OPEN, LEASE, deadline, uses, 0) == KOZO_OK);
    CHECK(lend(NOTICE, LENT, 2, LEASE) == KOZO_OK);
}

TEST("what is lent can be used until the Lease is closed")
{
    begin_lent(0, 0);
    CHECK(CALL(NOTIFICATION_SIGNAL, LENT) == KOZO_OK);
    CHECK(CALL(NOTIFICATION_POLL, LENT) == KOZO_OK);
    CHECK(world.result[0] == 2);
    CHECK(CALL(LEASE_CLOSE, LEASE) == KOZO_OK);
    CHECK(CALL(NOTIFICATION_SIGNAL, LENT) == KOZO_EXPIRED);
    CHECK(CALL(NOTIFICATION_SIGNAL, NOTICE) == KOZO_OK);
    CHECK(CALL(LEASE_INFO, LEASE) == KOZO_OK);
    CHECK(world.result[0] == 0);
}

TEST("a Lease ends after its deadline")
{
    begin_lent(2'000'000, 0);
    host.now = 2'000'000;
    CHECK(CALL(NOTIFICATION_SIGNAL, LENT) == KOZO_OK);
    host.now++;
    CHECK(CALL(NOTIFICATION_SIGNAL, LENT) == KOZO_EXPIRED);
}

TEST("a Lease ends after its last use, and only accepted operations count")
{
    begin_lent(0, 2);
    CHECK(CALL(CNODE_MINT, LENT, A, KOZO_RIGHT_READ, 0) == KOZO_OK);
    CHECK(CALL(NOTIFICATION_SIGNAL, A) == KOZO_NO_RIGHT);
    CHECK(CALL(NOTIFICATION_SIGNAL, LENT) == KOZO_OK);
    CHECK(CALL(LEASE_INFO, LEASE) == KOZO_OK);
    CHECK(world.result[0] == 1 && world.result[1] == 0 && world.result[2] == 1);
    CHECK(CALL(NOTIFICATION_POLL, A) == KOZO_OK);
    CHECK(CALL(NOTIFICATION_POLL, A) == KOZO_EXPIRED);
    CHECK(CALL(NOTIFICATION_SIGNAL, LENT) == KOZO_EXPIRED);
}

TEST("what derives from a lent capability is under the same Lease")
{
    begin_lent(0, 0);
    CHECK(CALL(CNODE_COPY, LENT, A) == KOZO_OK);
    CHECK(CALL(CNODE_MINT, A, B, KOZO_RIGHT_WRITE, 0) == KOZO_OK);
    CHECK(CALL(CNODE_MOVE, B, C) == KOZO_OK);
    CHECK(CALL(LEASE_CLOSE, LEASE) == KOZO_OK);
    CHECK(CALL(NOTIFICATION_SIGNAL, A) == KOZO_EXPIRED);
    CHECK(CALL(NOTIFICATION_SIGNAL, C) == KOZO_EXPIRED);
}

TEST("deleting a Lease deletes what is under it, and nothing else")
{
    begin_lent(0, 0);
    CHECK(CALL(CNODE_COPY, LENT, A) == KOZO_OK);
    CHECK(CALL(CNODE_COPY, NOTICE, B) == KOZO_OK);
    CHECK(CALL(CNODE_MOVE, LENT, C) == KOZO_OK);
    host_work_limit = 1;
    CHECK(CALL(CNODE_DELETE, LEASE) == KOZO_OK);
    CHECK(world_is_empty(A) && world_is_empty(C));
    CHECK(!world_is_empty(NOTICE) && !world_is_empty(B));
}

TEST("a lent capability may be the last to its object")
{
    begin_lent(0, 0);
    CHECK(CALL(CNODE_DELETE, NOTICE) == KOZO_OK);
    CHECK(CALL(NOTIFICATION_SIGNAL, LENT) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, LENT) == KOZO_OK);
    CHECK(((struct lease *)world_object(LEASE))->slots == 0);
}

TEST("deleting a Lease may take the object of the last capability along")
{
    begin_lent(0, 0);
    CHECK(CALL(CNODE_DELETE, NOTICE) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, LEASE) == KOZO_OK);
    CHECK(world_is_empty(LENT) && kernel.dying == 0);
}

TEST("a Lease inside another ends with it, and a use counts for both")
{
    begin_lent(3'000'000, 3);
    CHECK(CALL(LEASE_OPEN, LEASE + 1, 4'000'000, 2, LEASE) == KOZO_OK);
    CHECK(CALL(LEASE_INFO, LEASE + 1) == KOZO_OK);
    CHECK(world.result[1] == 3'000'000);
    CHECK(lend(LENT, A, 0, LEASE + 1) == KOZO_OK);
    CHECK(CALL(NOTIFICATION_SIGNAL, A) == KOZO_OK);
    CHECK(((struct lease *)world_object(LEASE))->uses == 2);
    CHECK(((struct lease *)world_object(LEASE + 1))->uses == 1);
    CHECK(CALL(LEASE_CLOSE, LEASE) == KOZO_OK);
    CHECK(CALL(NOTIFICATION_SIGNAL, A) == KOZO_EXPIRED);
}

TEST("deleting the outer Lease closes those inside")
{
    begin_lent(0, 0);
    for (unsigned i = 1; i < 4; i++) {
        CHECK(CALL(LEASE_OPEN, LEASE + i, 0, 0, LEASE) == KOZO_OK);
    }
    CHECK(lend(LENT, A, 0, LEASE + 2) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, LEASE + 2) == KOZO_OK);
    CHECK(world_is_empty(A));
    CHECK(lend(LENT, A, 0, LEASE + 1) == KOZO_OK);
    host_work_limit = 1;
    CHECK(CALL(CNODE_DELETE, LEASE) == KOZO_OK);
    CHECK(world_is_empty(LENT));
    CHECK(CALL(LEASE_INFO, LEASE + 1) == KOZO_OK);
    CHECK(world.result[0] == 0);
    CHECK(CALL(LEASE_INFO, LEASE + 3) == KOZO_OK);
    CHECK(world.result[0] == 0);
}

TEST("verify tells the terms of a lent capability")
{
    begin();
    world_make(KOZO_TYPE_ENDPOINT, 0, A);
    CHECK(CALL(LEASE_OPEN, LEASE, 5'000'000, 9, 0) == KOZO_OK);
    CHECK(lend(A, B, 77, LEASE) == KOZO_OK);
    CHECK(CALL(ENDPOINT_VERIFY, A, B) == KOZO_OK);
    CHECK(world.result[0] == 1 && world.result[1] == 77);
    CHECK(world.result[3] == 5'000'000 && world.result[4] == 9);
    CHECK(CALL(ENDPOINT_VERIFY, A, A) == KOZO_OK);
    CHECK(world.result[3] == 0 && world.result[4] == UINT64_MAX);
}

TEST("open refuses a second time, an outer Lease that is not open, and a fifth inside")
{
    begin();
    CHECK(CALL(LEASE_OPEN, LEASE + 1, 0, 0, LEASE) == KOZO_BAD_STATE);
    CHECK(CALL(LEASE_OPEN, LEASE, 0, 0, 0) == KOZO_OK);
    CHECK(CALL(LEASE_OPEN, LEASE, 0, 0, 0) == KOZO_BAD_STATE);
    CHECK(CALL(LEASE_OPEN, LEASE + 1, 0, 0, LEASE) == KOZO_OK);
    CHECK(CALL(LEASE_OPEN, LEASE + 2, 0, 0, LEASE + 1) == KOZO_OK);
    CHECK(CALL(LEASE_OPEN, LEASE + 3, 0, 0, LEASE + 2) == KOZO_OK);
    CHECK(CALL(LEASE_OPEN, LEASE + 4, 0, 0, LEASE + 3) == KOZO_BAD_STATE);
    CHECK(CALL(LEASE_OPEN, LEASE + 4, 0, 0, LEASE + 4) == KOZO_BAD_STATE);
    CHECK(CALL(LEASE_OPEN, LEASE + 4, 0, 0, NOTICE) == KOZO_BAD_TYPE);
    CHECK(CALL(LEASE_OPEN, LEASE + 4, 0, 0, C) == KOZO_BAD_HANDLE);
    CHECK(CALL(CNODE_MINT, LEASE, A, KOZO_RIGHT_READ, 0) == KOZO_OK);
    CHECK(CALL(LEASE_OPEN, LEASE + 4, 0, 0, A) == KOZO_NO_RIGHT);
    CHECK(CALL(LEASE_OPEN, A, 0, 0, 0) == KOZO_NO_RIGHT);
    CHECK(CALL(LEASE_CLOSE, A) == KOZO_NO_RIGHT);
    CHECK(CALL(LEASE_CLOSE, LEASE + 5) == KOZO_OK);
    CHECK(CALL(LEASE_OPEN, LEASE + 5, 0, 0, 0) == KOZO_BAD_STATE);
}

TEST("lend refuses what can't be lent")
{
    begin_lent(0, 0);
    CHECK(lend(AT_THREAD, A, 0, LEASE) == KOZO_BAD_TYPE);
    CHECK(lend(NOTICE, A, 0, NOTICE) == KOZO_BAD_TYPE);
    CHECK(lend(NOTICE, A, 0, LEASE + 1) == KOZO_EXPIRED);
    CHECK(lend(C, A, 0, LEASE) == KOZO_BAD_HANDLE);
    CHECK(lend(NOTICE, A, 0, C) == KOZO_BAD_HANDLE);
    CHECK(lend(NOTICE, NOTICE, 0, LEASE) == KOZO_SLOT_TAKEN);
    CHECK(lend(LENT, A, 5, LEASE) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(LEASE_OPEN, LEASE + 1, 0, 0, 0) == KOZO_OK);
    CHECK(lend(LENT, A, 0, LEASE + 1) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(CNODE_MINT, LEASE, B, KOZO_RIGHT_READ, 0) == KOZO_OK);
    CHECK(lend(NOTICE, A, 0, B) == KOZO_NO_RIGHT);
    CHECK(world_is_empty(A));
}

TEST("a lent capability can't be kept by a thread or an interrupt")
{
    begin_lent(0, 0);
    world_make(KOZO_TYPE_ENDPOINT, 0, A);
    CHECK(lend(A, B, 0, LEASE) == KOZO_OK);
    world_make(KOZO_TYPE_THREAD, 0, C);
    CHECK(CALL(THREAD_CONFIGURE, C, 0, 0, 0, 0, B) == KOZO_BAD_TYPE);
    CHECK(CALL(THREAD_BIND_NOTIFICATION, C, LENT) == KOZO_BAD_TYPE);
    world_make(KOZO_TYPE_IRQ_HANDLER, 0, C + 1);
    CHECK(CALL(IRQ_HANDLER_BIND, C + 1, LENT) == KOZO_BAD_TYPE);
}
