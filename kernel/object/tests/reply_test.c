// SPDX-License-Identifier: MIT
#include "tests/world.h"

constexpr uint64_t ENDPOINT = AT_FREE;
constexpr uint64_t REPLY = AT_FREE + 1;
constexpr uint64_t SERVER = AT_FREE + 2;

static struct thread *client, *server;

// The server holds a call of the client.
static void begin(void)
{
    world_begin();
    world_make(KOZO_TYPE_ENDPOINT, 0, ENDPOINT);
    world_make(KOZO_TYPE_REPLY, 0, REPLY);
    client = world_current();
    server = world_thread(SERVER);
    CHECK(world_run(server));
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT, 0, REPLY) == WAITS);
    CHECK(CALL(ENDPOINT_CALL, ENDPOINT, info_word(1, 0, 0)) == WAITS);
    CHECK(world_current() == server);
}

TEST("a reply answers the call, once")
{
    begin();
    CHECK(CALL(REPLY_REPLY, REPLY, info_word(3, 2, 0), 0, 5, 6) == KOZO_OK);
    CHECK(client->state == READY && world_answer(client) == KOZO_OK);
    CHECK(world_info(client) == info_word(3, 2, 0) && world_word(client, 1) == 6);
    CHECK(world_badge(client) == 0);
    CHECK(CALL(REPLY_REPLY, REPLY, info_word(3, 0, 0)) == KOZO_BAD_STATE);
}

TEST("a Reply may be moved while it holds a call")
{
    begin();
    CHECK(CALL(CNODE_MOVE, REPLY, WORLD_SLOTS - 1) == KOZO_OK);
    CHECK(CALL(REPLY_REPLY, WORLD_SLOTS - 1, info_word(3, 0, 0)) == KOZO_OK);
    CHECK(client->state == READY);
}

TEST("deleting a Reply that holds a call answers NO_REPLY")
{
    begin();
    CHECK(CALL(CNODE_DELETE, REPLY) == KOZO_OK);
    CHECK(client->state == READY && world_answer(client) == KOZO_NO_REPLY);
    CHECK(client->time != 0 && server->lender == 0);
}

TEST("deleting the Reply that a thread waits with leaves it waiting without one")
{
    begin();
    CHECK(CALL(ENDPOINT_REPLY_RECV, ENDPOINT, 0, REPLY) == WAITS);
    CHECK(world_current() == client);
    CHECK(CALL(CNODE_DELETE, REPLY) == KOZO_OK);
    CHECK(server->state == RECEIVING && server->reply == 0);
    CHECK(CALL(ENDPOINT_CALL, ENDPOINT, 0) == KOZO_NO_REPLY);
}

TEST("a Reply outlives its server, and may be used by anybody")
{
    begin();
    CHECK(CALL(THREAD_RESUME, AT_THREAD) == KOZO_BAD_STATE);
    struct thread *third = world_thread(SERVER + 2);
    CHECK(CALL(KERNEL_YIELD, 0) == KOZO_OK);
    CHECK(world_current() == third);
    CHECK(CALL(CNODE_DELETE, SERVER) == KOZO_OK);
    CHECK(client->state == CALLING && client->time != 0);
    CHECK(CALL(REPLY_REPLY, REPLY, info_word(8, 0, 0)) == KOZO_OK);
    CHECK(client->state == READY && world_info(client) == info_word(8, 0, 0));
}

TEST("a caller that is destroyed leaves the Reply empty")
{
    begin();
    struct thread *third = world_thread(SERVER + 2);
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT, 0) == WAITS);
    CHECK(world_run(third));
    CHECK(CALL(CNODE_DELETE, AT_THREAD) == KOZO_OK);
    CHECK(((struct reply *)world_object(REPLY))->thread == 0);
    CHECK(CALL(REPLY_REPLY, REPLY, 0) == KOZO_BAD_STATE);
}
