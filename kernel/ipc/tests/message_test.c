// SPDX-License-Identifier: MIT
// What arrives: long messages, capabilities, faults.
#include "tests/world.h"

constexpr uint64_t ENDPOINT = AT_FREE;
constexpr uint64_t SEND_ONLY = AT_FREE + 1;
constexpr uint64_t REPLY = AT_FREE + 2;
constexpr uint64_t GIFT = AT_FREE + 3;   // and the three after it
constexpr uint64_t SERVER = AT_FREE + 7; // and two more
constexpr uint64_t ARRIVALS = AT_FREE + 12;

static struct thread *client, *server;
static struct kozo_ipc_buffer *out, *in;

// The server, with a buffer, waits; the client runs.
static void begin(void)
{
    world_begin();
    world_make(KOZO_TYPE_ENDPOINT, 0, ENDPOINT);
    CHECK(CALL(CNODE_MINT, ENDPOINT, SEND_ONLY, KOZO_RIGHT_WRITE, 0) == KOZO_OK);
    world_make(KOZO_TYPE_REPLY, 0, REPLY);
    CHECK(CALL(UNTYPED_RETYPE, AT_MEMORY, KOZO_TYPE_ENDPOINT, 0, GIFT, 4) == KOZO_OK);
    client = world_current();
    server = world_thread_with_buffer(SERVER);
    out = thread_buffer(client);
    in = thread_buffer(server);
    CHECK(world_run(server));
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT, 0, REPLY) == WAITS);
}

static void offer_slots(uint64_t first, uint64_t count)
{
    in->receive_slot = first;
    in->receive_count = count;
}

static uint64_t arrived(const struct thread *thread)
{
    return world_info(thread) >> 16 & 0xff;
}

TEST("a long message goes on in the IPC buffers")
{
    begin();
    for (unsigned i = 0; i < 57; i++) {
        out->words[i] = 1000 + i;
    }
    CHECK(CALL(ENDPOINT_SEND, ENDPOINT, info_word(1, 64, 0), 0, 1, 2, 3, 4, 5, 6, 7) == KOZO_OK);
    CHECK(world_info(server) == info_word(1, 64, 0));
    CHECK(world_word(server, 6) == 7 && in->words[0] == 1000 && in->words[56] == 1056);
}

TEST("a message brings only as many words as it has")
{
    begin();
    in->words[1] = 4711;
    server->registers.argument[2 + 3] = 77;
    CHECK(CALL(ENDPOINT_SEND, ENDPOINT, info_word(1, 8, 0)) == KOZO_OK);
    CHECK(in->words[1] == 4711);
    CHECK(world_run(server));
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT, 0, REPLY, 1, 2, 3, 4) == WAITS);
    CHECK(CALL(ENDPOINT_SEND, ENDPOINT, info_word(1, 3, 0), 0, 9, 9, 9, 9) == KOZO_OK);
    CHECK(world_word(server, 2) == 9 && world_word(server, 3) == 4);
}

TEST("a receiver without a buffer gets the seven words of the registers")
{
    begin();
    world_slot(SERVER + 2);
    CHECK(CALL(CNODE_REVOKE, SERVER + 2) == KOZO_OK);
    CHECK(thread_buffer(server) == nullptr);
    CHECK(CALL(ENDPOINT_SEND, ENDPOINT, info_word(1, 20, 0), 0, 1, 2, 3, 4, 5, 6, 7) == KOZO_OK);
    CHECK(world_info(server) == info_word(1, 7, 0) && world_word(server, 6) == 7);
}

TEST("capabilities arrive in consecutive slots, as children of the sender's")
{
    begin();
    offer_slots(ARRIVALS, 4);
    for (unsigned i = 0; i < 4; i++) {
        out->caps[i] = GIFT + i;
    }
    CHECK(CALL(ENDPOINT_SEND, ENDPOINT, info_word(0, 0, 4)) == KOZO_OK);
    CHECK(world_info(server) == (info_word(0, 0, 4) | 4 << 16));
    for (unsigned i = 0; i < 4; i++) {
        CHECK(world_object(ARRIVALS + i) == world_object(GIFT + i));
        CHECK(slot_parent(world_slot(ARRIVALS + i), 1) == world_slot(GIFT + i));
    }
}

TEST("no more capabilities arrive than the receiver has slots for")
{
    begin();
    offer_slots(ARRIVALS, 2);
    for (unsigned i = 0; i < 4; i++) {
        out->caps[i] = GIFT + i;
    }
    CHECK(CALL(ENDPOINT_SEND, ENDPOINT, info_word(0, 0, 4)) == KOZO_OK);
    CHECK(arrived(server) == 2 && world_is_empty(ARRIVALS + 2));
}

TEST("arriving stops at a slot that is taken and at the end of the CNode")
{
    begin();
    for (unsigned i = 0; i < 4; i++) {
        out->caps[i] = GIFT + i;
    }
    offer_slots(AT_THREAD, 1);
    CHECK(CALL(ENDPOINT_SEND, ENDPOINT, info_word(0, 0, 4)) == KOZO_OK);
    CHECK(arrived(server) == 0);
    CHECK(world_run(server));
    offer_slots(WORLD_SLOTS - 2, 4);
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT, 0, REPLY) == WAITS);
    CHECK(CALL(ENDPOINT_SEND, ENDPOINT, info_word(0, 0, 4)) == KOZO_OK);
    CHECK(arrived(server) == 2 && !world_is_empty(WORLD_SLOTS - 1));
}

TEST("nothing arrives where there is no slot, no WRITE, or no buffer")
{
    begin();
    out->caps[0] = GIFT;
    CHECK(CALL(ENDPOINT_TRY_SEND, ENDPOINT, info_word(0, 0, 1)) == KOZO_OK);
    CHECK(arrived(server) == 0);
    CHECK(CALL(CNODE_MINT, AT_CNODE, ARRIVALS, KOZO_RIGHT_READ, 0) == KOZO_OK);
    CHECK(world_run(server));
    offer_slots(ARRIVALS | (ARRIVALS + 1) << WORLD_CNODE_BITS, 1);
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT, 0, REPLY) == WAITS);
    CHECK(CALL(ENDPOINT_TRY_SEND, ENDPOINT, info_word(0, 0, 1)) == KOZO_OK);
    CHECK(arrived(server) == 0 && world_is_empty(ARRIVALS + 1));
    CHECK(world_run(server));
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT, 0, REPLY) == WAITS);
    CHECK(CALL(CNODE_REVOKE, SERVER + 2) == KOZO_OK);
    CHECK(CALL(ENDPOINT_TRY_SEND, ENDPOINT, info_word(0, 0, 1)) == KOZO_OK);
    CHECK(arrived(server) == 0);
}

TEST("sending capabilities takes GRANT, a buffer, and capabilities that can be copied")
{
    begin();
    out->caps[0] = GIFT;
    CHECK(CALL(ENDPOINT_SEND, SEND_ONLY, info_word(0, 0, 1)) == KOZO_NO_RIGHT);
    out->caps[0] = AT_MEMORY;
    CHECK(CALL(ENDPOINT_SEND, ENDPOINT, info_word(0, 0, 1)) == KOZO_BAD_HANDLE);
    out->caps[0] = REPLY;
    CHECK(CALL(ENDPOINT_SEND, ENDPOINT, info_word(0, 0, 1)) == KOZO_BAD_HANDLE);
    out->caps[0] = WORLD_SLOTS - 1;
    CHECK(CALL(ENDPOINT_SEND, ENDPOINT, info_word(0, 0, 1)) == KOZO_BAD_HANDLE);
    out->caps[0] = 0;
    CHECK(CALL(ENDPOINT_SEND, ENDPOINT, info_word(0, 0, 1)) == KOZO_BAD_HANDLE);
    CHECK(CALL(CNODE_REVOKE, AT_BUFFER) == KOZO_OK);
    CHECK(CALL(ENDPOINT_SEND, ENDPOINT, info_word(0, 0, 1)) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(ENDPOINT_SEND, ENDPOINT, info_word(0, 8, 0)) == KOZO_BAD_ARGUMENT);
    CHECK(server->state == RECEIVING);
}

TEST("what a waiting sender attached and lost meanwhile does not arrive, the rest does")
{
    begin();
    CHECK(CALL(THREAD_SUSPEND, SERVER) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, SERVER) == KOZO_OK);
    offer_slots(ARRIVALS, 4);
    out->caps[0] = GIFT;
    out->caps[1] = GIFT + 1;
    CHECK(CALL(ENDPOINT_SEND, ENDPOINT, info_word(0, 8, 2)) == WAITS);
    CHECK(CALL(CNODE_DELETE, GIFT) == KOZO_OK);
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT, 0, REPLY) == KOZO_OK);
    CHECK(arrived(server) == 1 && world_object(ARRIVALS) == world_object(GIFT + 1));
}

TEST("what a waiting sender's buffer held goes with it")
{
    begin();
    CHECK(CALL(THREAD_SUSPEND, SERVER) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, SERVER) == KOZO_OK);
    offer_slots(ARRIVALS, 4);
    out->caps[0] = GIFT;
    CHECK(CALL(ENDPOINT_SEND, ENDPOINT, info_word(0, 8, 1)) == WAITS);
    CHECK(CALL(CNODE_REVOKE, AT_BUFFER) == KOZO_OK);
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT, 0, REPLY) == KOZO_OK);
    CHECK(world_info(server) == info_word(0, 7, 1));
}

TEST("an answer may bring capabilities without any right")
{
    begin();
    CHECK(CALL(ENDPOINT_CALL, SEND_ONLY, 0) == WAITS);
    out->receive_slot = ARRIVALS;
    out->receive_count = 1;
    in->caps[0] = GIFT;
    CHECK(CALL(REPLY_REPLY, REPLY, info_word(2, 0, 1)) == KOZO_OK);
    CHECK(arrived(client) == 1 && world_object(ARRIVALS) == world_object(GIFT));
    CHECK(CALL(ENDPOINT_RECV, ENDPOINT, 0, REPLY) == WAITS);
    CHECK(CALL(ENDPOINT_CALL, SEND_ONLY, 0) == WAITS);
    in->caps[0] = 0;
    CHECK(CALL(REPLY_REPLY, REPLY, info_word(2, 0, 1)) == KOZO_BAD_HANDLE);
    CHECK(CALL(ENDPOINT_REPLY_RECV, ENDPOINT, info_word(2, 0, 1), REPLY) == KOZO_BAD_HANDLE);
}

TEST("a CNode may travel into itself")
{
    begin();
    out->caps[0] = AT_CNODE;
    offer_slots(ARRIVALS, 1);
    CHECK(CALL(ENDPOINT_SEND, ENDPOINT, info_word(0, 0, 1)) == KOZO_OK);
    CHECK(arrived(server) == 1);
    CHECK(CALL(CNODE_INSPECT, ARRIVALS | ARRIVALS << WORLD_CNODE_BITS) == KOZO_OK);
    CHECK(world.result[0] == KOZO_TYPE_CNODE);
}
