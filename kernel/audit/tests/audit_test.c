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
    // Nor is it counted as a repetition of itself.
    CHECK(take(KOZO_AUDIT_AUTHORITY) && record.operation == KOZO_OP_UNTYPED_RETYPE);
    CHECK(record.count == 1);
    CHECK(take(KOZO_AUDIT_AUTHORITY) && record.operation == KOZO_OP_FRAME_MAP);
    CHECK(record.count == 1);
    CHECK(take(KOZO_AUDIT_AUTHORITY) && record.operation == KOZO_OP_CNODE_DELETE);
    CHECK(record.count == 1);
}

TEST("a call whose rest is done by another operation is one record, of what was asked for")
{
    world_begin();
    world_make(KOZO_TYPE_CNODE, 4, A);
    for (uint64_t i = 1; i < 16; i++) {
        CHECK(CALL(CNODE_COPY, AT_THREAD, A | i << WORLD_CNODE_BITS) == KOZO_OK);
    }
    while (take(KOZO_AUDIT_AUTHORITY)) {
    }
    host_work_limit = 1;
    CHECK(CALL(CNODE_DELETE, A) == KOZO_OK);
    CHECK(world.restarts > 1 && kernel.dying == 0);
    CHECK(take(KOZO_AUDIT_AUTHORITY));
    CHECK(record.operation == KOZO_OP_CNODE_DELETE && record.handle == A && record.count == 1);
    CHECK(!take(KOZO_AUDIT_AUTHORITY));
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

// --- Memory for a ring --------------------------------------------------------------------------

constexpr uint64_t MEMORY = AT_FREE + 2; // an Untyped, as much as twice a ring
constexpr uint64_t TWICE = 2 * AUDIT_RING;

static void begin_with_memory(void)
{
    world_begin();
    world_make(KOZO_TYPE_UNTYPED, 13, MEMORY);
    static_assert(1 << 13 == TWICE * sizeof(record));
}

static enum kozo_error grow(uint64_t memory)
{
    return (enum kozo_error)CALL(AUDIT_LOG_GROW, AT_AUDIT_LOG, KOZO_AUDIT_AUTHORITY, memory);
}

// As many records as a ring has places of its own, none of them merely counted.
static void fill(void)
{
    host.now += arch_frequency();
    make_records(AUDIT_RING / 2);
    host.now += arch_frequency();
}

TEST("memory makes a ring longer, and nothing is lost")
{
    begin_with_memory();
    fill();
    uint64_t first = authority()->written - AUDIT_RING;
    CHECK(grow(MEMORY) == KOZO_OK);
    CHECK(world_is_empty(MEMORY));
    make_records(AUDIT_RING / 2 - 1);
    CHECK(authority()->end - authority()->first == TWICE - 1);
    for (uint64_t i = first; i < first + TWICE - 1; i++) {
        CHECK(take(KOZO_AUDIT_AUTHORITY) && record.sequence == i);
        bool growth = i == first + AUDIT_RING;
        CHECK((record.operation == KOZO_OP_AUDIT_LOG_GROW) == growth);
    }
    CHECK(!take(KOZO_AUDIT_AUTHORITY));
}

TEST("a ring in memory that is full loses its oldest records")
{
    begin_with_memory();
    CHECK(grow(MEMORY) == KOZO_OK);
    fill();
    fill();
    fill();
    CHECK(authority()->end - authority()->first == TWICE);
    CHECK(take(KOZO_AUDIT_AUTHORITY) && record.sequence == authority()->written - TWICE);
}

TEST("when a ring's memory is revoked its newest records stay, and the numbers tell what went")
{
    begin_with_memory();
    CHECK(CALL(UNTYPED_RETYPE, MEMORY, KOZO_TYPE_UNTYPED, 13, A, 1) == KOZO_OK);
    CHECK(grow(A) == KOZO_OK);
    fill();
    fill();
    uint64_t written = authority()->written;
    CHECK(CALL(CNODE_REVOKE, MEMORY) == KOZO_OK);
    CHECK(authority()->memory.type == KOZO_TYPE_NONE);
    CHECK(CALL(AUDIT_DIGEST_GET, AT_AUDIT_DIGEST, KOZO_AUDIT_AUTHORITY) == KOZO_OK);
    CHECK(world.result[0] == written + 1 - AUDIT_RING && world.result[1] == written + 1);
    for (uint64_t i = written + 1 - AUDIT_RING; i < written; i++) {
        CHECK(take(KOZO_AUDIT_AUTHORITY) && record.sequence == i);
        CHECK(record.operation == KOZO_OP_CNODE_COPY || record.operation == KOZO_OP_CNODE_DELETE);
    }
    CHECK(take(KOZO_AUDIT_AUTHORITY) && record.operation == KOZO_OP_CNODE_REVOKE);
    CHECK(!take(KOZO_AUDIT_AUTHORITY));
    CHECK(CALL(UNTYPED_INFO, MEMORY) == KOZO_OK && world.result[2] == world.result[1]);
}

TEST("a ring whose memory went may have other memory, however few records it has")
{
    begin_with_memory();
    CHECK(CALL(UNTYPED_RETYPE, MEMORY, KOZO_TYPE_UNTYPED, 13, A, 1) == KOZO_OK);
    CHECK(grow(A) == KOZO_OK);
    make_records(1);
    CHECK(CALL(CNODE_REVOKE, MEMORY) == KOZO_OK);
    CHECK(grow(MEMORY) == KOZO_OK);
    for (uint64_t i = 0; i < authority()->written; i++) {
        CHECK(take(KOZO_AUDIT_AUTHORITY) && record.sequence == i);
    }
}

TEST("memory that is no power of two is used as far as it is")
{
    begin_with_memory();
    world_slot(MEMORY)->size -= 64;
    CHECK(grow(MEMORY) == KOZO_BAD_ARGUMENT);
    world_slot(MEMORY)->size += 64;
    CHECK(CALL(CNODE_DELETE, MEMORY) == KOZO_OK);
    world_make(KOZO_TYPE_UNTYPED, 14, MEMORY);
    world_slot(MEMORY)->size -= 64;
    CHECK(grow(MEMORY) == KOZO_OK);
    CHECK(audit_last_place(authority()) + 1 == TWICE);
}

TEST("grow refuses what is no memory, used, too small or from devices, and a second time")
{
    begin_with_memory();
    world_make(KOZO_TYPE_UNTYPED, 12, A);
    CHECK(grow(A) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(AUDIT_LOG_GROW, AT_AUDIT_LOG, AUDIT_RINGS, MEMORY) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(AUDIT_LOG_GROW, AT_AUDIT_LOG, UINT64_MAX, MEMORY) == KOZO_BAD_ARGUMENT);
    CHECK(grow(AT_DEVICES) == KOZO_BAD_TYPE);
    CHECK(grow(AT_SPACE) == KOZO_BAD_TYPE);
    CHECK(grow(AT_MEMORY) == KOZO_BAD_STATE);
    CHECK(grow(B) == KOZO_BAD_HANDLE);
    CHECK(grow(0) == KOZO_BAD_HANDLE);
    CHECK(CALL(CNODE_MINT, AT_CNODE, B, KOZO_RIGHT_READ, 0) == KOZO_OK);
    CHECK(grow(B | MEMORY << WORLD_CNODE_BITS) == KOZO_NO_RIGHT);
    CHECK(CALL(CNODE_DELETE, B) == KOZO_OK);
    CHECK(CALL(CNODE_MINT, AT_AUDIT_LOG, B, KOZO_RIGHT_READ, 0) == KOZO_OK);
    CHECK(CALL(AUDIT_LOG_GROW, B, KOZO_AUDIT_AUTHORITY, MEMORY) == KOZO_NO_RIGHT);
    CHECK(CALL(CNODE_DELETE, A) == KOZO_OK);
    CHECK(grow(MEMORY) == KOZO_OK);
    world_make(KOZO_TYPE_UNTYPED, 13, A);
    CHECK(grow(A) == KOZO_BAD_STATE);
    CHECK(CALL(AUDIT_LOG_GROW, AT_AUDIT_LOG, KOZO_AUDIT_REFUSALS, A) == KOZO_OK);
}

TEST("the chain goes on when a ring gets memory and when it loses it")
{
    struct kozo_digest digest = {};

    begin_with_memory();
    CHECK(CALL(UNTYPED_RETYPE, MEMORY, KOZO_TYPE_UNTYPED, 13, A, 1) == KOZO_OK);
    CHECK(take(KOZO_AUDIT_AUTHORITY));
    digest = kozo_chain_add(&digest, &record);
    CHECK(grow(A) == KOZO_OK);
    fill();
    fill();
    for (unsigned i = 0; i < AUDIT_RING / 2; i++) {
        CHECK(take(KOZO_AUDIT_AUTHORITY));
        digest = kozo_chain_add(&digest, &record);
    }
    CHECK(CALL(CNODE_REVOKE, MEMORY) == KOZO_OK);
    while (take(KOZO_AUDIT_AUTHORITY)) {
        digest = kozo_chain_add(&digest, &record);
    }
    CHECK(CALL(AUDIT_DIGEST_GET, AT_AUDIT_DIGEST, KOZO_AUDIT_AUTHORITY) == KOZO_OK);
    CHECK(world.result[0] == world.result[1]);
    CHECK(memcmp(&world.result[2], &digest, sizeof(digest)) == 0);
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
