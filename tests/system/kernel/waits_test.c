// SPDX-License-Identifier: MIT
// Endpoints that are bound to the thread that receives on them: who would wait for itself, and whose
// priority goes along.
#include "kernel_test.h"

constexpr uint64_t LOW = OWN_PRIORITY - 40;

static struct kozo_endpoint own, others;
static struct kozo_reply reply;
static struct kozo_received got;
static volatile uint64_t stopped;

// `own` is bound to the test's own thread; `others` to nobody yet.
static void set_up(void)
{
    own.handle = make(KOZO_TYPE_ENDPOINT);
    others.handle = make(KOZO_TYPE_ENDPOINT);
    reply.handle = make(KOZO_TYPE_REPLY);
    got = (struct kozo_received){.error = KOZO_UNSEEDED};
    stopped = 0;
    CHECK(kozo_thread_bind_endpoint(own_thread(), own) == KOZO_OK);
}

static void call_it(void *argument)
{
    struct kozo_endpoint to = {(uint64_t)argument};
    got = kozo_endpoint_call(to, message(11, 22));
}

// Does not receive before it is told to.
static void be_busy(void *argument)
{
    struct kozo_reply with = {(uint64_t)argument};
    while (stopped == 0) {
    }
    struct kozo_received in = kozo_endpoint_recv(others, with);
    while (in.error == KOZO_OK) {
        in = kozo_endpoint_reply_recv(others, with, message(in.message.info.label + 1, 0));
    }
}

static void receive_elsewhere(void *argument)
{
    struct kozo_reply with = {(uint64_t)argument};
    got = kozo_endpoint_recv(own, with);
}

TEST("a thread that calls itself is refused, and its own endpoint still serves others")
{
    set_up();
    CHECK(kozo_endpoint_call(own, message(1, 2)).error == KOZO_DEADLOCK);
    CHECK(kozo_endpoint_send(own, message(1, 2)) == KOZO_DEADLOCK);
    (void)start_thread(call_it, (void *)own.handle, OWN_PRIORITY);
    struct kozo_received in = kozo_endpoint_recv(own, reply);
    CHECK(in.error == KOZO_OK && in.message.info.label == 11);
    CHECK(kozo_reply_reply(reply, message(12, 0)) == KOZO_OK);
}

TEST("two threads that would wait for each other: the second is refused, and may answer the first")
{
    set_up();
    struct kozo_thread other = start_thread(call_it, (void *)own.handle, OWN_PRIORITY);
    CHECK(kozo_thread_bind_endpoint(other, others) == KOZO_OK);
    let_others_run();
    CHECK(state_of(other) == KOZO_THREAD_SENDING);
    CHECK(kozo_endpoint_call(others, message(1, 2)).error == KOZO_DEADLOCK);
    struct kozo_received in = kozo_endpoint_recv(own, reply);
    CHECK(in.error == KOZO_OK && state_of(other) == KOZO_THREAD_CALLING);
    CHECK(kozo_endpoint_call(others, message(1, 2)).error == KOZO_DEADLOCK);
    CHECK(kozo_reply_reply(reply, message(12, 0)) == KOZO_OK);
    CHECK(kozo_endpoint_try_recv(own, reply).error == KOZO_WOULD_BLOCK);
    let_others_run();
    CHECK(got.error == KOZO_OK && got.message.info.label == 12);
}

TEST("a server of low priority runs at that of a caller who waits for it, and no longer")
{
    set_up();
    struct kozo_reply with = {make(KOZO_TYPE_REPLY)};
    struct kozo_thread server = start_thread(be_busy, (void *)with.handle, LOW);
    CHECK(kozo_thread_bind_endpoint(server, others) == KOZO_OK);
    struct kozo_thread caller = start_thread(call_it, (void *)others.handle, OWN_PRIORITY);
    CHECK(kozo_thread_info(server).priority == LOW);
    let_others_run();
    CHECK(state_of(caller) == KOZO_THREAD_SENDING);
    CHECK(kozo_thread_info(server).priority == OWN_PRIORITY);
    CHECK(kozo_thread_cancel(caller) == KOZO_OK);
    CHECK(kozo_thread_info(server).priority == LOW);
    let_others_run();
    CHECK(got.error == KOZO_CANCELLED);
}

TEST("a server that inherits a priority gets to its work before those between")
{
    set_up();
    struct kozo_reply with = {make(KOZO_TYPE_REPLY)};
    struct kozo_thread server = start_thread(be_busy, (void *)with.handle, LOW);
    CHECK(kozo_thread_bind_endpoint(server, others) == KOZO_OK);
    stopped = 1;
    // The test itself is above the server, and never waits: the server has turns beside it only.
    let_others_run();
    CHECK(got.error == KOZO_UNSEEDED);
    (void)start_thread(call_it, (void *)others.handle, OWN_PRIORITY);
    let_others_run();
    let_others_run();
    CHECK(got.error == KOZO_OK && got.message.info.label == 12);
    CHECK(kozo_thread_info(server).priority == LOW);
}

TEST("nobody but the thread that an endpoint is bound to receives there")
{
    set_up();
    struct kozo_reply with = {make(KOZO_TYPE_REPLY)};
    (void)start_thread(receive_elsewhere, (void *)with.handle, OWN_PRIORITY);
    let_others_run();
    CHECK(got.error == KOZO_BAD_STATE);
}

TEST("an endpoint is bound once, to a thread that has none, while nobody waits there")
{
    set_up();
    CHECK(kozo_thread_bind_endpoint(own_thread(), others) == KOZO_BAD_STATE);
    struct kozo_thread other = start_thread(call_it, (void *)others.handle, OWN_PRIORITY);
    CHECK(kozo_thread_bind_endpoint(other, own) == KOZO_BAD_STATE);
    let_others_run();
    CHECK(kozo_thread_bind_endpoint(other, others) == KOZO_BAD_STATE);
    CHECK(kozo_thread_bind_endpoint(own_thread(), (struct kozo_endpoint){0}) == KOZO_OK);
    CHECK(kozo_thread_bind_endpoint(own_thread(), (struct kozo_endpoint){reply.handle}) ==
          KOZO_BAD_TYPE);
    struct kozo_endpoint less = {with_rights(own.handle, KOZO_RIGHT_WRITE)};
    CHECK(kozo_thread_bind_endpoint(own_thread(), less) == KOZO_NO_RIGHT);
}
