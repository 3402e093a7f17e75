// SPDX-License-Identifier: MIT
#include "audit/audit.h"

#include "tests/world.h"

constexpr uint64_t A = AT_FREE;
constexpr uint64_t B = AT_FREE + 1;

static struct kozo_audit_record record;

// Takes the oldest record out of a ring.
static bool take(enum kozo_audit_ring ring)
{
    if (CALL(AUDIT_LOG_READ, AT_AUDIT_LOG, ring) != KOZO_OK) {
        return false;
    }
    memcpy(&record, world.result, sizeof(record));
    return true;
}

// A copy into B and its deletion: two records of the authority ring.
static void make_records(unsigned pairs)
{
    for (unsigned i = 0; i < pairs; i++) {
        CHECK(CALL(CNODE_COPY, AT_THREAD, B) == KOZO_OK);
        CHECK(CALL(CNODE_DELETE, B) == KOZO_OK);
    }
}

static struct audit_ring *authority(void)
{
    return &kernel.audit[KOZO_AUDIT_AUTHORITY];
}

TEST("what is done with authority is recorded, and can be read once")
{
    world_begin();
    world_make(KOZO_TYPE_ENDPOINT, 0, A);
    CHECK(CALL(CNODE_MINT, A, B, KOZO_RIGHT_WRITE, 42) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, B) == KOZO_OK);
    CHECK(take(KOZO_AUDIT_AUTHORITY));
    CHECK(record.sequence == 0 && record.operation == KOZO_OP_UNTYPED_RETYPE);
    CHECK(record.subject == link_to(world_current()) && record.count == 1);
    CHECK(take(KOZO_AUDIT_AUTHORITY));
    CHECK(record.sequence == 1 && record.operation == KOZO_OP_CNODE_MINT && record.handle == A);
    CHECK(record.object == world_slot(A)->object && record.result == KOZO_OK);
    CHECK(take(KOZO_AUDIT_AUTHORITY));
    CHECK(record.operation == KOZO_OP_CNODE_DELETE && record.badge == 42);
    CHECK(record.object == world_slot(A)->object);
    CHECK(!take(KOZO_AUDIT_AUTHORITY));
}

TEST("refusals are recorded in a ring of their own, and repeats are counted in one record")
{
    world_begin();
    CHECK(CALL(CNODE_MINT, AT_THREAD, A, 0, 0) == KOZO_OK);
    for (unsigned i = 0; i < 5; i++) {
        CHECK(CALL(THREAD_SUSPEND, A) == KOZO_NO_RIGHT);
    }
    CHECK(CALL(THREAD_RESUME, AT_THREAD) == KOZO_BAD_STATE);
    CHECK(take(KOZO_AUDIT_REFUSALS));
    CHECK(record.operation == KOZO_OP_THREAD_SUSPEND && record.result == KOZO_NO_RIGHT);
    CHECK(record.count == 5 && record.handle == A);
    CHECK(record.object == link_to(world_current()));
    CHECK(!take(KOZO_AUDIT_REFUSALS));
}

TEST("what was read is not counted on")
{
    world_begin();
    CHECK(CALL(CNODE_MINT, AT_THREAD, A, 0, 0) == KOZO_OK);
    CHECK(CALL(THREAD_SUSPEND, A) == KOZO_NO_RIGHT);
    CHECK(take(KOZO_AUDIT_REFUSALS));
    CHECK(CALL(THREAD_SUSPEND, A) == KOZO_NO_RIGHT);
    CHECK(take(KOZO_AUDIT_REFUSALS));
    CHECK(record.sequence == 1 && record.count == 1);
}

TEST("a preempted call is one record")
{
    world_begin();
    host_work_limit = 1;
    CHECK(CALL(UNTYPED_RETYPE, AT_MEMORY, KOZO_TYPE_FRAME, 14, A, 1) == KOZO_OK);
    CHECK(world.restarts > 0 && authority()->written == 1);
    CHECK(CALL(FRAME_MAP, A, B, AT_SPACE, 0, 0, 4 * PAGE, KOZO_RIGHT_READ) == KOZO_OK);
    CHECK(authority()->written == 2);
    CHECK(CALL(CNODE_DELETE, B) == KOZO_OK);
    CHECK(authority()->written == 3);
    CHECK(take(KOZO_AUDIT_AUTHORITY) && record.operation == KOZO_OP_UNTYPED_RETYPE);
    CHECK(take(KOZO_AUDIT_AUTHORITY) && record.operation == KOZO_OP_FRAME_MAP);
    CHECK(take(KOZO_AUDIT_AUTHORITY) && record.operation == KOZO_OP_CNODE_DELETE);
}

TEST("a full ring loses its oldest records, and the numbers tell")
{
    world_begin();
    for (unsigned i = 0; i < 3; i++) {
        host.now += arch_frequency();
        make_records(AUDIT_BURST / 2);
    }
    CHECK(take(KOZO_AUDIT_AUTHORITY));
    CHECK(record.sequence == 3 * AUDIT_BURST - AUDIT_RING);
}

TEST("what a thread does too often is merely counted, and pushes nothing out")
{
    world_begin();
    make_records(AUDIT_BURST);
    CHECK(authority()->written == 2 * AUDIT_BURST);
    CHECK(authority()->end - authority()->first == AUDIT_BURST);
    CHECK(take(KOZO_AUDIT_AUTHORITY) && record.sequence == 0);
    CHECK(take(KOZO_AUDIT_AUTHORITY) && record.sequence == 1);
    host.now += arch_frequency();
    make_records(1);
    for (unsigned i = 2; i < AUDIT_BURST; i++) {
        CHECK(take(KOZO_AUDIT_AUTHORITY) && record.sequence == i);
    }
    CHECK(take(KOZO_AUDIT_AUTHORITY) && record.sequence == 2 * AUDIT_BURST);
    CHECK(take(KOZO_AUDIT_AUTHORITY) && record.sequence == 2 * AUDIT_BURST + 1);
    CHECK(!take(KOZO_AUDIT_AUTHORITY));
}

TEST("a revoke is one record, which tells how many capabilities went")
{
    for (uint64_t limit = 1; limit < 4; limit++) {
        world_begin();
        CHECK(CALL(CNODE_MINT, AT_THREAD, A, KOZO_RIGHT_READ, 0) == KOZO_OK);
        CHECK(CALL(CNODE_COPY, A, B) == KOZO_OK);
        CHECK(CALL(CNODE_COPY, B, B + 1) == KOZO_OK);
        CHECK(CALL(CNODE_COPY, A, B + 2) == KOZO_OK);
        host_work_limit = limit;
        CHECK(CALL(CNODE_REVOKE, A) == KOZO_OK);
        CHECK(authority()->end - authority()->first == 5);
        while (take(KOZO_AUDIT_AUTHORITY) && record.operation != KOZO_OP_CNODE_REVOKE) {
        }
        CHECK(record.operation == KOZO_OP_CNODE_REVOKE && record.count == 3);
        CHECK(record.handle == A && record.object == world_slot(A)->object);
        CHECK(CALL(CNODE_REVOKE, A) == KOZO_OK);
        CHECK(take(KOZO_AUDIT_AUTHORITY) && record.count == 0);
    }
}

TEST("each use of a watched capability is recorded, and of what derives from it")
{
    world_begin();
    world_make(KOZO_TYPE_NOTIFICATION, 0, A);
    CHECK(CALL(CNODE_WATCH, A, B, KOZO_RIGHT_WRITE, 4) == KOZO_OK);
    CHECK(CALL(CNODE_COPY, B, B + 1) == KOZO_OK);
    CHECK(CALL(NOTIFICATION_SIGNAL, A) == KOZO_OK);
    CHECK(!take(KOZO_AUDIT_REFUSALS));
    CHECK(CALL(NOTIFICATION_SIGNAL, B) == KOZO_OK);
    CHECK(CALL(NOTIFICATION_SIGNAL, B) == KOZO_OK);
    CHECK(CALL(NOTIFICATION_SIGNAL, B + 1) == KOZO_OK);
    CHECK(take(KOZO_AUDIT_REFUSALS));
    CHECK(record.operation == KOZO_OP_NOTIFICATION_SIGNAL && record.result == KOZO_OK);
    CHECK(record.handle == B && record.badge == 4 && record.count == 2);
    CHECK(take(KOZO_AUDIT_REFUSALS) && record.handle == B + 1 && record.badge == 4);
    CHECK(!take(KOZO_AUDIT_REFUSALS));
    CHECK(CALL(CNODE_INSPECT, B + 1) == KOZO_OK && world.result[7] == 1);
    CHECK(CALL(CNODE_INSPECT, A) == KOZO_OK && world.result[7] == 0);
    CHECK(CALL(CNODE_WATCH, A, B, 0, 0) == KOZO_SLOT_TAKEN);
}

TEST("the digest is the chain over all that was read")
{
    static const struct kozo_digest none;
    struct kozo_digest digest = none;

    world_begin();
    make_records(3);
    CHECK(CALL(AUDIT_DIGEST_GET, AT_AUDIT_DIGEST, KOZO_AUDIT_AUTHORITY) == KOZO_OK);
    CHECK(world.result[0] == 0 && world.result[1] == 6);
    CHECK(memcmp(&world.result[2], &none, sizeof(none)) == 0);
    while (take(KOZO_AUDIT_AUTHORITY)) {
        digest = kozo_chain_add(&digest, &record);
    }
    CHECK(CALL(AUDIT_DIGEST_GET, AT_AUDIT_DIGEST, KOZO_AUDIT_AUTHORITY) == KOZO_OK);
    CHECK(world.result[0] == 6 && memcmp(&world.result[2], &digest, sizeof(digest)) == 0);
}

TEST("there are two rings, and reading takes READ")
{
    world_begin();
    CHECK(CALL(AUDIT_LOG_READ, AT_AUDIT_LOG, 2) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(AUDIT_DIGEST_GET, AT_AUDIT_DIGEST, UINT64_MAX) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(AUDIT_LOG_READ, AT_AUDIT_LOG, KOZO_AUDIT_REFUSALS) == KOZO_WOULD_BLOCK);
    CHECK(CALL(CNODE_MINT, AT_AUDIT_LOG, A, 0, 0) == KOZO_OK);
    CHECK(CALL(AUDIT_LOG_READ, A, 0) == KOZO_NO_RIGHT);
    CHECK(CALL(CNODE_MINT, AT_AUDIT_DIGEST, B, 0, 0) == KOZO_OK);
    CHECK(CALL(AUDIT_DIGEST_GET, B, 0) == KOZO_NO_RIGHT);
}
