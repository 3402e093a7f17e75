// SPDX-License-Identifier: MIT
#include "tests/world.h"

constexpr uint64_t NOTICE = AT_FREE;
constexpr uint64_t BADGED = AT_FREE + 1;
constexpr uint64_t ENDPOINT = AT_FREE + 2;
constexpr uint64_t REPLY = AT_FREE + 3;
constexpr uint64_t WAITER = AT_FREE + 4;
constexpr uint64_t OTHER = AT_FREE + 6;

static struct thread *first, *waiter;

static void begin(void)
{
    world_begin();
    world_make(KOZO_TYPE_NOTIFICATION, 0, NOTICE);
    CHECK(CALL(CNODE_MINT, NOTICE, BADGED, KOZO_RIGHT_WRITE, 0x30) == KOZO_OK);
    world_make(KOZO_TYPE_ENDPOINT, 0, ENDPOINT);
    world_make(KOZO_TYPE_REPLY, 0, REPLY);
    first = world_current();
    waiter = world_thread(WAITER);
}

static struct notification *notice(void)
{
    return (struct notification *)world_object(NOTICE);
}

TEST("signals gather until somebody takes them")
{
    begin();
    CHECK(CALL(NOTIFICATION_SIGNAL, NOTICE) == KOZO_OK);
    CHECK(CALL(NOTIFICATION_SIGNAL, BADGED) == KOZO_OK);
    CHECK(CALL(NOTIFICATION_SIGNAL, BADGED) == KOZO_OK);
    CHECK(CALL(NOTIFICATION_POLL, NOTICE) == KOZO_OK);
    CHECK(world.result[0] == 0x31);
    CHECK(CALL(NOTIFICATION_POLL, NOTICE) == KOZO_OK);
    CHECK(world.result[0] == 0);
}

TEST("a wait takes what is there at once")
{
    begin();
    CHECK(CALL(NOTIFICATION_SIGNAL, BADGED) == KOZO_OK);
    CHECK(CALL(NOTIFICATION_WAIT, NOTICE) == KOZO_OK);
    CHECK(world.result[0] == 0x30 && notice()->bits == 0);
}

TEST("a signal wakes the first that waits, and one only")
{
    begin();
    struct thread *other = world_thread(OTHER);
    CHECK(world_run(waiter));
    CHECK(CALL(NOTIFICATION_WAIT, NOTICE) == WAITS);
    CHECK(world_run(other));
    CHECK(CALL(NOTIFICATION_WAIT, NOTICE) == WAITS);
    CHECK(world_run(first));
    CHECK(CALL(NOTIFICATION_SIGNAL, BADGED) == KOZO_OK);
    CHECK(waiter->state == READY && waiter->registers.argument[0] == 0x30);
    CHECK(world_answer(waiter) == KOZO_OK);
    CHECK(other->state == WAITING && notice()->bits == 0);
}

TEST("a bound notification reaches the thread in its receive")
{
    begin();
    CHECK(CALL(THREAD_BIND_NOTIFICATION, WAITER, NOTICE) == KOZO_OK);
    CHECK(world_run(waiter));
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT, 0, REPLY) == WAITS);
    CHECK(world_run(first));
    CHECK(CALL(NOTIFICATION_SIGNAL, BADGED) == KOZO_OK);
    CHECK(waiter->state == READY && world_badge(waiter) == 0x30 && world_info(waiter) == 0);
    CHECK(((struct reply *)world_object(REPLY))->thread == 0);
}

TEST("a bound notification's signals are taken before a waiting sender")
{
    begin();
    CHECK(CALL(THREAD_BIND_NOTIFICATION, WAITER, NOTICE) == KOZO_OK);
    CHECK(CALL(NOTIFICATION_SIGNAL, BADGED) == KOZO_OK);
    CHECK(CALL(ENDPOINT_SEND, ENDPOINT, info_word(5, 0, 0)) == WAITS);
    CHECK(world_current() == waiter);
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT) == KOZO_OK);
    CHECK(world.badge == 0x30);
    CHECK(CALL(ENDPOINT_TRY_RECV, ENDPOINT) == KOZO_OK);
    CHECK(world.result[0] == info_word(5, 0, 0) && world.badge == 0);
}

TEST("who waits on a bound notification itself goes before its thread")
{
    begin();
    struct thread *other = world_thread(OTHER);
    CHECK(CALL(THREAD_BIND_NOTIFICATION, WAITER, NOTICE) == KOZO_OK);
    CHECK(world_run(waiter));
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT, 0, REPLY) == WAITS);
    CHECK(world_run(other));
    CHECK(CALL(NOTIFICATION_WAIT, NOTICE) == WAITS);
    CHECK(CALL(NOTIFICATION_SIGNAL, BADGED) == KOZO_OK);
    CHECK(other->state == READY && waiter->state == RECEIVING);
}

TEST("a bound notification may be unbound and bound again")
{
    begin();
    CHECK(CALL(THREAD_BIND_NOTIFICATION, WAITER, NOTICE) == KOZO_OK);
    CHECK(CALL(THREAD_BIND_NOTIFICATION, WAITER, 0) == KOZO_OK);
    CHECK(CALL(THREAD_BIND_NOTIFICATION, WAITER, 0) == KOZO_OK);
    CHECK(CALL(THREAD_BIND_NOTIFICATION, AT_THREAD, NOTICE) == KOZO_OK);
    CHECK(notice()->bound == link_to(first));
}

TEST("binding refuses what is bound, waited on, or receiving already")
{
    begin();
    world_make(KOZO_TYPE_NOTIFICATION, 0, OTHER);
    CHECK(CALL(THREAD_BIND_NOTIFICATION, WAITER, NOTICE) == KOZO_OK);
    CHECK(CALL(THREAD_BIND_NOTIFICATION, WAITER, OTHER) == KOZO_BAD_STATE);
    CHECK(CALL(THREAD_BIND_NOTIFICATION, AT_THREAD, NOTICE) == KOZO_BAD_STATE);
    CHECK(CALL(THREAD_BIND_NOTIFICATION, WAITER, 0) == KOZO_OK);
    CHECK(world_run(waiter));
    CHECK(CALL(NOTIFICATION_WAIT, NOTICE) == WAITS);
    CHECK(CALL(THREAD_BIND_NOTIFICATION, AT_THREAD, NOTICE) == KOZO_BAD_STATE);
    CHECK(CALL(NOTIFICATION_SIGNAL, NOTICE) == KOZO_OK);
    CHECK(world_run(waiter));
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT, 0, REPLY) == WAITS);
    CHECK(CALL(THREAD_BIND_NOTIFICATION, WAITER, NOTICE) == KOZO_BAD_STATE);
    CHECK(CALL(THREAD_BIND_NOTIFICATION, AT_THREAD, BADGED) == KOZO_NO_RIGHT);
    CHECK(CALL(THREAD_BIND_NOTIFICATION, AT_THREAD, ENDPOINT) == KOZO_BAD_TYPE);
}

TEST("a notification that goes away wakes who waits with CANCELLED")
{
    begin();
    CHECK(world_run(waiter));
    CHECK(CALL(NOTIFICATION_WAIT, NOTICE) == WAITS);
    CHECK(CALL(CNODE_DELETE, BADGED) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, NOTICE) == KOZO_OK);
    CHECK(waiter->state == READY && world_answer(waiter) == KOZO_CANCELLED);
}

TEST("notification and thread forget each other when either goes away")
{
    begin();
    CHECK(CALL(THREAD_BIND_NOTIFICATION, WAITER, NOTICE) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, WAITER) == KOZO_OK);
    CHECK(notice()->bound == 0);
    CHECK(CALL(THREAD_BIND_NOTIFICATION, AT_THREAD, NOTICE) == KOZO_OK);
    CHECK(CALL(CNODE_REVOKE, NOTICE) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, NOTICE) == KOZO_OK);
    CHECK(first->notification == 0);
}

TEST("signalling takes WRITE, waiting and polling take READ")
{
    begin();
    CHECK(CALL(NOTIFICATION_WAIT, BADGED) == KOZO_NO_RIGHT);
    CHECK(CALL(NOTIFICATION_POLL, BADGED) == KOZO_NO_RIGHT);
    CHECK(CALL(CNODE_MINT, NOTICE, OTHER, KOZO_RIGHT_READ, 0) == KOZO_OK);
    CHECK(CALL(NOTIFICATION_SIGNAL, OTHER) == KOZO_NO_RIGHT);
    CHECK(CALL(NOTIFICATION_SIGNAL, ENDPOINT) == KOZO_BAD_TYPE);
}
