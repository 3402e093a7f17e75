// SPDX-License-Identifier: MIT
// Endpoints and Replies. A second thread is the other side; it starts when the test waits or
// yields.
#include "kernel_test.h"

static struct kozo_endpoint endpoint;
static struct kozo_reply reply;
static volatile uint64_t steps;
static struct kozo_received got;
static enum kozo_error sent;

static void set_up(void)
{
    endpoint.handle = make(KOZO_TYPE_ENDPOINT);
    reply.handle = make(KOZO_TYPE_REPLY);
    steps = 0;
    got = (struct kozo_received){.error = KOZO_UNSEEDED};
    sent = KOZO_UNSEEDED;
}

static struct kozo_endpoint less(uint64_t rights)
{
    return (struct kozo_endpoint){with_rights(endpoint.handle, rights)};
}

static void call_it(void *argument)
{
    struct kozo_endpoint to = {(uint64_t)argument};
    steps = 1;
    got = kozo_endpoint_call(to, message(11, 22));
    steps = 2;
}

static void send_it(void *argument)
{
    struct kozo_endpoint to = {(uint64_t)argument};
    sent = kozo_endpoint_send(to, message(33, 44));
    steps = 1;
}

static void receive_it(void *argument)
{
    struct kozo_reply with = {(uint64_t)argument};
    got = kozo_endpoint_recv(endpoint, with);
    steps = 1;
}

// Receives without waiting: sends the time of the last caller home, so that it can go on.
static void send_time_home(void)
{
    struct kozo_reply other = {make(KOZO_TYPE_REPLY)};
    CHECK(kozo_endpoint_try_recv(endpoint, other).error == KOZO_WOULD_BLOCK);
    let_others_run();
}

// Answers every call with the first word and one more, and the badge.
static void serve(void *argument)
{
    (void)argument;
    struct kozo_received in = kozo_endpoint_recv(endpoint, reply);
    while (in.error == KOZO_OK) {
        struct kozo_message out = message(in.message.info.label + 1, in.message.word[0] + 1);
        out.info.length = 2;
        out.word[1] = in.badge;
        in = kozo_endpoint_reply_recv(endpoint, reply, out);
    }
}

TEST("a call reaches the server with label, words and badge, and the answer comes back")
{
    set_up();
    (void)start_thread(serve, nullptr, OWN_PRIORITY);
    struct kozo_endpoint badged = {with_badge(endpoint.handle, 0xbad9e)};
    struct kozo_received answer = kozo_endpoint_call(badged, message(7, 41));
    CHECK(answer.error == KOZO_OK && answer.message.info.label == 8);
    CHECK(answer.message.info.length == 2);
    CHECK(answer.message.word[0] == 42 && answer.message.word[1] == 0xbad9e);
}

TEST("a server is called a thousand times in a row")
{
    set_up();
    (void)start_thread(serve, nullptr, OWN_PRIORITY);
    uint64_t value = 0;
    for (int i = 0; i < 1000; i++) {
        struct kozo_received answer = kozo_endpoint_call(endpoint, message(1, value));
        REQUIRE(answer.error == KOZO_OK);
        value = answer.message.word[0];
    }
    CHECK(value == 1000);
}

TEST("all seven register words arrive unchanged")
{
    set_up();
    (void)start_thread(receive_it, (void *)reply.handle, OWN_PRIORITY);
    let_others_run();
    struct kozo_message out = {.info = {.length = 7, .label = 1}, .word = {1, 2, 3, 4, 5, 6, 7}};
    CHECK(kozo_endpoint_send(endpoint, out) == KOZO_OK);
    let_others_run();
    CHECK(got.error == KOZO_OK && got.message.info.length == 7);
    for (uint64_t i = 0; i < 7; i++) {
        CHECK(got.message.word[i] == i + 1);
    }
}

TEST("a send waits until somebody receives")
{
    set_up();
    struct kozo_thread thread = start_thread(send_it, (void *)endpoint.handle, OWN_PRIORITY);
    let_others_run();
    CHECK(steps == 0 && state_of(thread) == KOZO_THREAD_SENDING);
    struct kozo_received in = kozo_endpoint_recv(endpoint, reply);
    CHECK(in.error == KOZO_OK && in.message.info.label == 33 && in.message.word[0] == 44);
    let_others_run();
    CHECK(steps == 1 && sent == KOZO_OK);
}

TEST("a receive waits until somebody sends")
{
    set_up();
    struct kozo_thread thread = start_thread(receive_it, (void *)reply.handle, OWN_PRIORITY);
    let_others_run();
    CHECK(steps == 0 && state_of(thread) == KOZO_THREAD_RECEIVING);
    CHECK(kozo_endpoint_send(endpoint, message(5, 6)) == KOZO_OK);
    let_others_run();
    CHECK(steps == 1 && got.message.info.label == 5 && got.message.word[0] == 6);
}

TEST("a receive may name no Reply, and a call is then answered NO_REPLY")
{
    set_up();
    (void)start_thread(receive_it, nullptr, OWN_PRIORITY);
    let_others_run();
    CHECK(kozo_endpoint_call(endpoint, message(1, 2)).error == KOZO_NO_REPLY);
}

TEST("try_send and try_recv never wait")
{
    set_up();
    CHECK(kozo_endpoint_try_send(endpoint, message(1, 2)) == KOZO_WOULD_BLOCK);
    CHECK(kozo_endpoint_try_recv(endpoint, reply).error == KOZO_WOULD_BLOCK);
    (void)start_thread(receive_it, (void *)reply.handle, OWN_PRIORITY);
    let_others_run();
    CHECK(kozo_endpoint_try_send(endpoint, message(1, 2)) == KOZO_OK);
}

TEST("try_recv takes what is waiting")
{
    set_up();
    (void)start_thread(send_it, (void *)endpoint.handle, OWN_PRIORITY);
    let_others_run();
    struct kozo_received in = kozo_endpoint_try_recv(endpoint, reply);
    CHECK(in.error == KOZO_OK && in.message.info.label == 33);
}

TEST("a call is held by the Reply until it is answered")
{
    set_up();
    struct kozo_thread thread = start_thread(call_it, (void *)endpoint.handle, OWN_PRIORITY);
    struct kozo_received in = kozo_endpoint_recv(endpoint, reply);
    CHECK(in.error == KOZO_OK && in.message.info.label == 11);
    let_others_run();
    CHECK(steps == 1 && state_of(thread) == KOZO_THREAD_CALLING);
    CHECK(kozo_reply_reply(reply, message(55, 66)) == KOZO_OK);
    send_time_home();
    CHECK(steps == 2 && got.error == KOZO_OK);
    CHECK(got.message.info.label == 55 && got.message.word[0] == 66);
}

TEST("a server keeps its caller's time until it receives again")
{
    set_up();
    (void)start_thread(call_it, (void *)endpoint.handle, OWN_PRIORITY);
    CHECK(kozo_endpoint_recv(endpoint, reply).error == KOZO_OK);
    CHECK(kozo_reply_reply(reply, message(1, 1)) == KOZO_OK);
    let_others_run();
    CHECK(steps == 1);
    send_time_home();
    CHECK(steps == 2);
}

TEST("a Reply answers once")
{
    set_up();
    (void)start_thread(call_it, (void *)endpoint.handle, OWN_PRIORITY);
    CHECK(kozo_endpoint_recv(endpoint, reply).error == KOZO_OK);
    CHECK(kozo_reply_reply(reply, message(1, 1)) == KOZO_OK);
    CHECK(kozo_reply_reply(reply, message(1, 1)) == KOZO_BAD_STATE);
}

TEST("a Reply that holds a call can't receive another")
{
    set_up();
    (void)start_thread(call_it, (void *)endpoint.handle, OWN_PRIORITY);
    CHECK(kozo_endpoint_recv(endpoint, reply).error == KOZO_OK);
    CHECK(kozo_endpoint_recv(endpoint, reply).error == KOZO_BAD_STATE);
    CHECK(kozo_endpoint_try_recv(endpoint, reply).error == KOZO_BAD_STATE);
}

TEST("calls are answered in any order")
{
    set_up();
    struct kozo_reply second = {make(KOZO_TYPE_REPLY)};
    struct kozo_thread one = start_thread(call_it, (void *)endpoint.handle, OWN_PRIORITY);
    struct kozo_thread two = start_thread(call_it, (void *)endpoint.handle, OWN_PRIORITY);
    CHECK(kozo_endpoint_recv(endpoint, reply).error == KOZO_OK);
    CHECK(kozo_endpoint_recv(endpoint, second).error == KOZO_OK);
    CHECK(kozo_reply_reply(second, message(0, 0)) == KOZO_OK);
    send_time_home();
    CHECK((state_of(one) == KOZO_THREAD_CALLING) != (state_of(two) == KOZO_THREAD_CALLING));
    CHECK(kozo_reply_reply(reply, message(0, 0)) == KOZO_OK);
    send_time_home();
    CHECK(state_of(one) != KOZO_THREAD_CALLING && state_of(two) != KOZO_THREAD_CALLING);
}

TEST("deleting a Reply that holds a call gives the caller NO_REPLY")
{
    set_up();
    (void)start_thread(call_it, (void *)endpoint.handle, OWN_PRIORITY);
    CHECK(kozo_endpoint_recv(endpoint, reply).error == KOZO_OK);
    CHECK(kozo_cnode_delete(slot(reply.handle)) == KOZO_OK);
    let_others_run();
    CHECK(steps == 2 && got.error == KOZO_NO_REPLY);
}

TEST("a Reply can be moved while it holds a call")
{
    set_up();
    struct kozo_reply moved = {empty_slot()};
    (void)start_thread(call_it, (void *)endpoint.handle, OWN_PRIORITY);
    CHECK(kozo_endpoint_recv(endpoint, reply).error == KOZO_OK);
    CHECK(kozo_cnode_move(slot(reply.handle), slot(moved.handle)) == KOZO_OK);
    CHECK(kozo_reply_reply(moved, message(9, 9)) == KOZO_OK);
    send_time_home();
    CHECK(steps == 2 && got.message.info.label == 9);
}

TEST("a Reply that holds nothing refuses to answer")
{
    set_up();
    CHECK(kozo_reply_reply(reply, message(1, 1)) == KOZO_BAD_STATE);
}

TEST("deleting an Endpoint breaks off who waits to call")
{
    set_up();
    (void)start_thread(call_it, (void *)endpoint.handle, OWN_PRIORITY);
    let_others_run();
    CHECK(kozo_cnode_delete(slot(endpoint.handle)) == KOZO_OK);
    let_others_run();
    CHECK(steps == 2 && got.error == KOZO_CANCELLED);
}

TEST("deleting an Endpoint breaks off who waits to send")
{
    set_up();
    (void)start_thread(send_it, (void *)endpoint.handle, OWN_PRIORITY);
    let_others_run();
    CHECK(kozo_cnode_delete(slot(endpoint.handle)) == KOZO_OK);
    let_others_run();
    CHECK(steps == 1 && sent == KOZO_CANCELLED);
}

TEST("deleting an Endpoint breaks off who waits to receive")
{
    set_up();
    (void)start_thread(receive_it, (void *)reply.handle, OWN_PRIORITY);
    let_others_run();
    CHECK(kozo_cnode_delete(slot(endpoint.handle)) == KOZO_OK);
    let_others_run();
    CHECK(steps == 1 && got.error == KOZO_CANCELLED);
}

TEST("sending needs WRITE and receiving needs READ")
{
    set_up();
    struct kozo_endpoint reads = less(KOZO_RIGHT_READ);
    struct kozo_endpoint writes = less(KOZO_RIGHT_WRITE);
    CHECK(kozo_endpoint_call(reads, message(1, 1)).error == KOZO_NO_RIGHT);
    CHECK(kozo_endpoint_send(reads, message(1, 1)) == KOZO_NO_RIGHT);
    CHECK(kozo_endpoint_try_send(reads, message(1, 1)) == KOZO_NO_RIGHT);
    CHECK(kozo_endpoint_recv(writes, reply).error == KOZO_NO_RIGHT);
    CHECK(kozo_endpoint_try_recv(writes, reply).error == KOZO_NO_RIGHT);
    CHECK(kozo_endpoint_reply_recv(writes, reply, message(1, 1)).error == KOZO_NO_RIGHT);
}

TEST("receiving refuses what is no Reply")
{
    set_up();
    CHECK(kozo_endpoint_recv(endpoint, (struct kozo_reply){empty_slot()}).error == KOZO_BAD_HANDLE);
    CHECK(kozo_endpoint_recv(endpoint, (struct kozo_reply){endpoint.handle}).error != KOZO_OK);
}

TEST("a message with an info word out of range is refused")
{
    set_up();
    struct kozo_message long_one = {.info = {.length = 65}};
    struct kozo_message many = {.info = {.caps = 5}};
    CHECK(kozo_endpoint_try_send(endpoint, long_one) == KOZO_BAD_ARGUMENT);
    CHECK(kozo_endpoint_try_send(endpoint, many) == KOZO_BAD_ARGUMENT);
    CHECK(kozo_endpoint_call(endpoint, long_one).error == KOZO_BAD_ARGUMENT);
}

TEST("attached capabilities need GRANT, and handles that lead somewhere")
{
    set_up();
    struct kozo_message with_cap = {.info = {.caps = 1, .label = 1}};
    kozo_ipc_buffer()->caps[0] = endpoint.handle;
    struct kozo_endpoint no_grant = less(KOZO_RIGHT_WRITE | KOZO_RIGHT_READ);
    CHECK(kozo_endpoint_try_send(no_grant, with_cap) == KOZO_NO_RIGHT);
    (void)start_thread(receive_it, (void *)reply.handle, OWN_PRIORITY);
    let_others_run();
    kozo_ipc_buffer()->caps[0] = empty_slot();
    CHECK(kozo_endpoint_try_send(endpoint, with_cap) == KOZO_BAD_HANDLE);
}

static void send_cap(void *argument)
{
    (void)argument;
    // Without a buffer of its own this thread can name no capabilities, so it is refused.
    sent = kozo_endpoint_send(endpoint, (struct kozo_message){.info = {.caps = 1, .label = 1}});
}

TEST("a thread without an IPC buffer can't attach capabilities or send long messages")
{
    set_up();
    (void)start_thread(send_cap, nullptr, OWN_PRIORITY);
    let_others_run();
    CHECK(sent == KOZO_BAD_ARGUMENT);
}

// The IPC buffer of a second thread, which the test sees at another address than its own.
static struct kozo_ipc_buffer *other_buffer;

static void send_long(void *argument)
{
    (void)argument;
    other_buffer->words[0] = 100;
    other_buffer->words[56] = 156;
    other_buffer->caps[0] = endpoint.handle;
    struct kozo_message out = {.info = {.length = 64, .caps = 1, .label = 3}};
    sent = kozo_endpoint_send(endpoint, out);
}

// Makes a thread with an IPC buffer at FREE_ADDRESS.
static void start_long_sender(void)
{
    struct kozo_frame frame = {make_sized(KOZO_TYPE_FRAME, 12)};
    REQUIRE(kozo_frame_map(frame, slot(empty_slot()), own_space(), FREE_ADDRESS, 0, PAGE,
                           KOZO_RIGHT_READ | KOZO_RIGHT_WRITE) == KOZO_OK);
    other_buffer = (struct kozo_ipc_buffer *)(FREE_ADDRESS + 512);
    struct kozo_thread thread = make_thread(send_long, nullptr, OWN_PRIORITY);
    CHECK(kozo_thread_configure(thread, (struct kozo_cnode){}, (struct kozo_address_space){}, frame,
                                512, (struct kozo_endpoint){}) == KOZO_OK);
    CHECK(kozo_thread_resume(thread) == KOZO_OK);
}

TEST("a message of 64 words arrives whole, through both IPC buffers")
{
    set_up();
    start_long_sender();
    kozo_ipc_buffer()->receive_slot = 0;
    struct kozo_received in = kozo_endpoint_recv(endpoint, reply);
    CHECK(in.error == KOZO_OK && in.message.info.length == 64);
    CHECK(kozo_ipc_buffer()->words[0] == 100 && kozo_ipc_buffer()->words[56] == 156);
}

TEST("a capability in a message arrives in the slot that was named for it")
{
    set_up();
    start_long_sender();
    uint64_t to = empty_slot();
    kozo_ipc_buffer()->receive_slot = to;
    kozo_ipc_buffer()->receive_count = 1;
    struct kozo_received in = kozo_endpoint_recv(endpoint, reply);
    kozo_ipc_buffer()->receive_slot = 0;
    CHECK(in.error == KOZO_OK && in.message.info.caps == 1 && in.message.info.arrived == 1);
    CHECK(type_in(to) == KOZO_TYPE_ENDPOINT);
    CHECK(kozo_cnode_inspect(slot(to)).parent.handle == endpoint.handle);
}

TEST("a capability without a slot for it does not arrive, and the message does")
{
    set_up();
    start_long_sender();
    kozo_ipc_buffer()->receive_slot = 0;
    struct kozo_received in = kozo_endpoint_recv(endpoint, reply);
    CHECK(in.error == KOZO_OK && in.message.info.caps == 1 && in.message.info.arrived == 0);
    CHECK(sent == KOZO_UNSEEDED || sent == KOZO_OK);
}

TEST("waiting senders are served by priority")
{
    set_up();
    (void)start_thread(send_it, (void *)with_badge(endpoint.handle, 1), OWN_PRIORITY - 2);
    (void)start_thread(send_it, (void *)with_badge(endpoint.handle, 2), OWN_PRIORITY - 1);
    CHECK(kozo_thread_set_priority(own_thread(), OWN_PRIORITY) == KOZO_OK);
    // Both come to wait only while the test itself waits.
    struct kozo_received first = kozo_endpoint_recv(endpoint, reply);
    struct kozo_received second = kozo_endpoint_recv(endpoint, reply);
    CHECK(first.badge == 2 && second.badge == 1);
}

// --- Badges ----------------------------------------------------------------------------------------

TEST("verify tells a server its own capability's badge and rights, and of others only that they "
     "are not")
{
    set_up();
    struct kozo_slot own = {with_badge(endpoint.handle, 77)};
    struct kozo_slot weak = {with_rights(own.handle, KOZO_RIGHT_WRITE)};
    struct kozo_endpoint_verify_result found = kozo_endpoint_verify(endpoint, own);
    CHECK(found.error == KOZO_OK && found.same && found.badge == 77);
    found = kozo_endpoint_verify(endpoint, weak);
    CHECK(found.same && found.badge == 77 && found.rights == KOZO_RIGHT_WRITE);
    found = kozo_endpoint_verify(endpoint, slot(make(KOZO_TYPE_ENDPOINT)));
    CHECK(found.error == KOZO_OK && !found.same && found.badge == 0 && found.rights == 0);
    CHECK(!kozo_endpoint_verify(endpoint, slot(reply.handle)).same);
}

TEST("verify needs READ, and a capability to look at")
{
    set_up();
    struct kozo_endpoint writes = {with_rights(endpoint.handle, KOZO_RIGHT_WRITE)};
    CHECK(kozo_endpoint_verify(writes, slot(endpoint.handle)).error == KOZO_NO_RIGHT);
    CHECK(kozo_endpoint_verify(endpoint, slot(empty_slot())).error == KOZO_BAD_HANDLE);
}

TEST("new badges are not 0, and never the same")
{
    set_up();
    struct kozo_endpoint writes = {with_rights(endpoint.handle, KOZO_RIGHT_WRITE)};
    struct kozo_endpoint_new_badge_result one = kozo_endpoint_new_badge(endpoint);
    struct kozo_endpoint_new_badge_result two = kozo_endpoint_new_badge(endpoint);
    CHECK(one.error == KOZO_OK && two.error == KOZO_OK);
    CHECK(one.badge != 0 && two.badge != 0 && one.badge != two.badge);
    CHECK(kozo_endpoint_new_badge(writes).error == KOZO_NO_RIGHT);
}
