// SPDX-License-Identifier: MIT
// Send, receive and call. The first thread is the client, a second one the server.
#include "tests/world.h"

constexpr uint64_t ENDPOINT = AT_FREE;
constexpr uint64_t BADGED = AT_FREE + 1;
constexpr uint64_t REPLY_A = AT_FREE + 2;
constexpr uint64_t REPLY_B = AT_FREE + 3;
constexpr uint64_t SERVER = AT_FREE + 4;
constexpr uint64_t OTHER = AT_FREE + 6;
constexpr uint64_t NOTICE = AT_FREE + 8;

static struct thread *client, *server;

static void begin(void)
{
    world_begin();
    world_make(KOZO_TYPE_ENDPOINT, 0, ENDPOINT);
    CHECK(CALL(CNODE_MINT, ENDPOINT, BADGED, KOZO_RIGHT_WRITE, 42) == KOZO_OK);
    CHECK(CALL(UNTYPED_RETYPE, AT_MEMORY, KOZO_TYPE_REPLY, 0, REPLY_A, 2) == KOZO_OK);
    client = world_current();
    server = world_thread(SERVER);
}

static void run(const struct thread *thread)
{
    CHECK(world_run(thread));
}

// The server waits with a Reply, and the client runs.
static void server_waits(void)
{
    run(server);
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT, 0, REPLY_A) == WAITS);
    run(client);
}

TEST("a call switches straight to the server, and the answer straight back")
{
    begin();
    server_waits();
    CHECK(CALL(ENDPOINT_CALL, BADGED, info_word(7, 3, 0), 0, 10, 20, 30) == WAITS);
    CHECK(world_current() == server && client->state == CALLING);
    CHECK(world_answer(server) == KOZO_OK && world_badge(server) == 42);
    CHECK(world_info(server) == info_word(7, 3, 0));
    CHECK(world_word(server, 0) == 10 && world_word(server, 2) == 30);
    CHECK(CALL(ENDPOINT_REPLY_RECV, ENDPOINT, info_word(1, 1, 0), REPLY_A, 99) == WAITS);
    CHECK(world_current() == client && server->state == RECEIVING);
    CHECK(world_answer(client) == KOZO_OK && world_info(client) == info_word(1, 1, 0));
    CHECK(world_word(client, 0) == 99);
}

TEST("a call waits for a server that comes later")
{
    begin();
    run(client);
    CHECK(CALL(ENDPOINT_CALL, BADGED, info_word(5, 1, 0), 0, 11) == WAITS);
    CHECK(client->state == SENDING && world_current() == server);
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT, 0, REPLY_A) == KOZO_OK);
    CHECK(world_badge(server) == 42 && world_word(server, 0) == 11);
    CHECK(client->state == CALLING);
    CHECK(CALL(REPLY_REPLY, REPLY_A, info_word(0, 0, 0)) == KOZO_OK);
    // The server keeps the client's time until it receives again.
    CHECK(client->state == READY && client->time == 0);
    CHECK(CALL(ENDPOINT_TRY_RECV, ENDPOINT, 0, REPLY_A) == KOZO_WOULD_BLOCK);
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT, 0, REPLY_A) == WAITS);
    CHECK(world_current() == client && world_answer(client) == KOZO_OK);
}

TEST("senders are served in the order in which they came")
{
    begin();
    struct thread *other = world_thread(OTHER);
    run(client);
    CHECK(CALL(ENDPOINT_SEND, ENDPOINT, info_word(1, 0, 0)) == WAITS);
    run(other);
    CHECK(CALL(ENDPOINT_SEND, ENDPOINT, info_word(2, 0, 0)) == WAITS);
    CHECK(world_current() == server);
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT) == KOZO_OK);
    CHECK(world.result[0] == info_word(1, 0, 0));
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT) == KOZO_OK);
    CHECK(world.result[0] == info_word(2, 0, 0));
    CHECK(client->state == READY && other->state == READY);
}

TEST("a send reaches a waiting server and leaves its Reply as it is")
{
    begin();
    server_waits();
    CHECK(CALL(ENDPOINT_SEND, ENDPOINT, info_word(3, 1, 0), 0, 8) == KOZO_OK);
    CHECK(server->state == READY && world_word(server, 0) == 8);
    CHECK(((struct reply *)world_object(REPLY_A))->thread == 0);
}

TEST("try_send and try_recv never wait")
{
    begin();
    run(client);
    CHECK(CALL(ENDPOINT_TRY_SEND, ENDPOINT, info_word(3, 0, 0)) == KOZO_WOULD_BLOCK);
    CHECK(CALL(ENDPOINT_TRY_RECV, ENDPOINT, 0, REPLY_A) == KOZO_WOULD_BLOCK);
    server_waits();
    CHECK(CALL(ENDPOINT_TRY_SEND, ENDPOINT, info_word(3, 0, 0)) == KOZO_OK);
    CHECK(world_answer(server) == KOZO_OK);
    CHECK(CALL(ENDPOINT_CALL, ENDPOINT, info_word(4, 0, 0)) == WAITS);
    run(server);
    CHECK(CALL(ENDPOINT_TRY_RECV, ENDPOINT, 0, REPLY_B) == KOZO_OK);
    CHECK(client->state == CALLING);
}

TEST("a call to a server without a Reply is answered NO_REPLY")
{
    begin();
    run(server);
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT) == WAITS);
    CHECK(CALL(ENDPOINT_CALL, BADGED, info_word(1, 0, 0)) == KOZO_NO_REPLY);
    CHECK(server->state == READY && world_badge(server) == 42);
    run(server);
    run(client);
    CHECK(CALL(ENDPOINT_CALL, BADGED, info_word(2, 0, 0)) == WAITS);
    run(server);
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT) == KOZO_OK);
    CHECK(world_answer(client) == KOZO_NO_REPLY && client->state == READY);
}

TEST("reply_recv without a call to answer drops the answer")
{
    begin();
    run(server);
    CHECK(CALL(ENDPOINT_REPLY_RECV, ENDPOINT, info_word(0, 0, 0), REPLY_A) == WAITS);
    CHECK(server->state == RECEIVING);
}

TEST("reply_recv takes the next call at once")
{
    begin();
    struct thread *other = world_thread(OTHER);
    server_waits();
    CHECK(CALL(ENDPOINT_CALL, ENDPOINT, info_word(1, 0, 0)) == WAITS);
    CHECK(world_current() == server);
    CHECK(CALL(KERNEL_YIELD, 0) == KOZO_OK);
    run(other);
    CHECK(CALL(ENDPOINT_CALL, BADGED, info_word(2, 0, 0)) == WAITS);
    run(server);
    CHECK(CALL(ENDPOINT_REPLY_RECV, ENDPOINT, info_word(9, 0, 0), REPLY_A) == KOZO_OK);
    CHECK(world_badge(server) == 42 && other->state == CALLING);
    CHECK(client->state == READY && world_info(client) == info_word(9, 0, 0));
}

TEST("one server may hold several calls, and answer in any order")
{
    begin();
    struct thread *other = world_thread(OTHER);
    server_waits();
    CHECK(CALL(ENDPOINT_CALL, ENDPOINT, info_word(1, 0, 0)) == WAITS);
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT, 0, REPLY_B) == WAITS);
    run(other);
    CHECK(CALL(ENDPOINT_CALL, ENDPOINT, info_word(2, 0, 0)) == WAITS);
    CHECK(world_current() == server);
    CHECK(CALL(REPLY_REPLY, REPLY_B, info_word(22, 0, 0)) == KOZO_OK);
    CHECK(CALL(REPLY_REPLY, REPLY_A, info_word(11, 0, 0)) == KOZO_OK);
    CHECK(world_info(other) == info_word(22, 0, 0) && world_info(client) == info_word(11, 0, 0));
}

TEST("verify tells whether a capability is for this endpoint")
{
    begin();
    run(server);
    CHECK(CALL(ENDPOINT_VERIFY, ENDPOINT, BADGED) == KOZO_OK);
    CHECK(world.result[0] == 1 && world.result[1] == 42 && world.result[2] == KOZO_RIGHT_WRITE);
    CHECK(CALL(ENDPOINT_VERIFY, ENDPOINT, REPLY_A) == KOZO_OK);
    CHECK(world.result[0] == 0 && world.result[1] == 0);
    CHECK(CALL(ENDPOINT_VERIFY, ENDPOINT, WORLD_SLOTS - 1) == KOZO_BAD_HANDLE);
    CHECK(CALL(ENDPOINT_VERIFY, BADGED, ENDPOINT) == KOZO_NO_RIGHT);
}

TEST("sending takes WRITE, receiving takes READ")
{
    begin();
    CHECK(CALL(CNODE_MINT, ENDPOINT, NOTICE, KOZO_RIGHT_READ, 0) == KOZO_OK);
    CHECK(CALL(ENDPOINT_CALL, NOTICE, 0) == KOZO_NO_RIGHT);
    CHECK(CALL(ENDPOINT_SEND, NOTICE, 0) == KOZO_NO_RIGHT);
    CHECK(CALL(ENDPOINT_TRY_SEND, NOTICE, 0) == KOZO_NO_RIGHT);
    CHECK(CALL(ENDPOINT_RECV, BADGED, 0, REPLY_A) == KOZO_NO_RIGHT);
    CHECK(CALL(ENDPOINT_TRY_RECV, BADGED, 0, REPLY_A) == KOZO_NO_RIGHT);
    CHECK(CALL(ENDPOINT_REPLY_RECV, BADGED, 0, REPLY_A) == KOZO_NO_RIGHT);
}

TEST("a receive refuses what is no Reply")
{
    begin();
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT, 0, ENDPOINT) == KOZO_BAD_HANDLE);
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT, 0, WORLD_SLOTS - 1) == KOZO_BAD_HANDLE);
    CHECK(CALL(ENDPOINT_TRY_RECV, ENDPOINT, 0, ENDPOINT) == KOZO_BAD_HANDLE);
    CHECK(CALL(ENDPOINT_REPLY_RECV, ENDPOINT, 0, 0) == KOZO_BAD_HANDLE);
    CHECK(CALL(ENDPOINT_REPLY_RECV, ENDPOINT, 0, AT_THREAD) == KOZO_BAD_HANDLE);
}

TEST("a receive refuses a Reply that holds a call or that another thread waits with")
{
    begin();
    server_waits();
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT, 0, REPLY_A) == KOZO_BAD_STATE);
    CHECK(CALL(ENDPOINT_TRY_RECV, ENDPOINT, 0, REPLY_A) == KOZO_BAD_STATE);
    CHECK(CALL(ENDPOINT_REPLY_RECV, ENDPOINT, 0, REPLY_A) == KOZO_BAD_STATE);
    CHECK(CALL(REPLY_REPLY, REPLY_A, 0) == KOZO_BAD_STATE);
    CHECK(CALL(ENDPOINT_CALL, ENDPOINT, 0) == WAITS);
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT, 0, REPLY_A) == KOZO_BAD_STATE);
    CHECK(CALL(ENDPOINT_TRY_RECV, ENDPOINT, 0, REPLY_A) == KOZO_BAD_STATE);
}

TEST("a bad message is refused before anything happens")
{
    begin();
    server_waits();
    CHECK(CALL(ENDPOINT_CALL, ENDPOINT, info_word(0, 65, 0)) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(ENDPOINT_SEND, ENDPOINT, info_word(0, 0, 5)) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(ENDPOINT_TRY_SEND, ENDPOINT, info_word(0, 255, 255)) == KOZO_BAD_ARGUMENT);
    CHECK(server->state == RECEIVING);
    CHECK(CALL(ENDPOINT_CALL, ENDPOINT, info_word(0, 0, 0)) == WAITS);
    CHECK(CALL(ENDPOINT_REPLY_RECV, ENDPOINT, info_word(0, 65, 0), REPLY_A) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(REPLY_REPLY, REPLY_A, info_word(0, 65, 0)) == KOZO_BAD_ARGUMENT);
    CHECK(client->state == CALLING);
}

TEST("an endpoint that goes away answers CANCELLED to everybody who waits")
{
    begin();
    struct thread *other = world_thread(OTHER);
    run(server);
    CHECK(CALL(ENDPOINT_SEND, ENDPOINT, 0) == WAITS);
    run(other);
    CHECK(CALL(ENDPOINT_CALL, BADGED, 0) == WAITS);
    run(client);
    CHECK(CALL(CNODE_DELETE, BADGED) == KOZO_OK);
    CHECK(server->state == SENDING);
    CHECK(CALL(CNODE_DELETE, ENDPOINT) == KOZO_OK);
    CHECK(world_answer(server) == KOZO_CANCELLED && server->state == READY);
    CHECK(world_answer(other) == KOZO_CANCELLED && other->state == READY);
}

TEST("an endpoint that goes away answers CANCELLED to a receiver and empties its Reply")
{
    begin();
    server_waits();
    CHECK(CALL(CNODE_REVOKE, ENDPOINT) == KOZO_OK);
    CHECK(server->state == RECEIVING);
    CHECK(CALL(CNODE_DELETE, ENDPOINT) == KOZO_OK);
    CHECK(world_answer(server) == KOZO_CANCELLED);
    CHECK(((struct reply *)world_object(REPLY_A))->thread == 0);
}

TEST("suspending breaks off every kind of wait")
{
    begin();
    run(server);
    CHECK(CALL(ENDPOINT_SEND, ENDPOINT, 0) == WAITS);
    CHECK(CALL(THREAD_SUSPEND, SERVER) == KOZO_OK);
    CHECK(server->state == STOPPED && world_answer(server) == KOZO_CANCELLED);
    CHECK(CALL(THREAD_RESUME, SERVER) == KOZO_OK);
    run(server);
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT, 0, REPLY_A) == WAITS);
    CHECK(CALL(THREAD_SUSPEND, SERVER) == KOZO_OK);
    CHECK(((struct reply *)world_object(REPLY_A))->thread == 0);
    CHECK(CALL(THREAD_RESUME, SERVER) == KOZO_OK);
    run(client);
    CHECK(CALL(ENDPOINT_CALL, ENDPOINT, 0) == WAITS);
    run(server);
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT, 0, REPLY_A) == KOZO_OK);
    CHECK(CALL(THREAD_SUSPEND, AT_THREAD) == KOZO_OK);
    CHECK(client->state == STOPPED && world_answer(client) == KOZO_CANCELLED);
    CHECK(CALL(REPLY_REPLY, REPLY_A, 0) == KOZO_BAD_STATE);
}
