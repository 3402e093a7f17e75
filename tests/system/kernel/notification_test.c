// SPDX-License-Identifier: MIT
#include "kernel_test.h"

static struct kozo_notification notification;
static volatile uint64_t bits;
static volatile enum kozo_error ended;

static void set_up(void)
{
    notification.handle = make(KOZO_TYPE_NOTIFICATION);
    bits = 0;
    ended = KOZO_UNSEEDED;
}

static void wait_for_it(void *argument)
{
    (void)argument;
    struct kozo_notification_wait_result result = kozo_notification_wait(notification);
    bits = result.bits;
    ended = result.error;
}

TEST("a signal without a badge sets bit 0, and poll takes it once")
{
    set_up();
    CHECK(kozo_notification_signal(notification) == KOZO_OK);
    CHECK(kozo_notification_poll(notification).bits == 1);
    CHECK(kozo_notification_poll(notification).bits == 0);
}

TEST("signals of several badges add up until they are taken")
{
    set_up();
    struct kozo_notification two = {with_badge(notification.handle, 2)};
    struct kozo_notification high = {with_badge(notification.handle, 1ul << 63)};
    CHECK(kozo_notification_signal(two) == KOZO_OK);
    CHECK(kozo_notification_signal(high) == KOZO_OK);
    CHECK(kozo_notification_signal(two) == KOZO_OK);
    CHECK(kozo_notification_wait(notification).bits == (2 | 1ul << 63));
}

TEST("a waiting thread is woken by a signal and takes the bits")
{
    set_up();
    struct kozo_thread thread = start_thread(wait_for_it, nullptr, OWN_PRIORITY);
    let_others_run();
    CHECK(state_of(thread) == KOZO_THREAD_WAITING && ended == KOZO_UNSEEDED);
    CHECK(kozo_notification_signal(
              (struct kozo_notification){with_badge(notification.handle, 12)}) == KOZO_OK);
    let_others_run();
    CHECK(ended == KOZO_OK && bits == 12);
    CHECK(kozo_notification_poll(notification).bits == 0);
}

TEST("deleting a Notification breaks off who waits")
{
    set_up();
    (void)start_thread(wait_for_it, nullptr, OWN_PRIORITY);
    let_others_run();
    CHECK(kozo_cnode_delete(slot(notification.handle)) == KOZO_OK);
    let_others_run();
    CHECK(ended == KOZO_CANCELLED);
}

TEST("signalling needs WRITE, waiting and polling need READ")
{
    set_up();
    struct kozo_notification reads = {with_rights(notification.handle, KOZO_RIGHT_READ)};
    struct kozo_notification writes = {with_rights(notification.handle, KOZO_RIGHT_WRITE)};
    CHECK(kozo_notification_signal(reads) == KOZO_NO_RIGHT);
    CHECK(kozo_notification_wait(writes).error == KOZO_NO_RIGHT);
    CHECK(kozo_notification_poll(writes).error == KOZO_NO_RIGHT);
}

TEST("a bound Notification ends a receive with its bits as the badge")
{
    set_up();
    struct kozo_endpoint endpoint = {make(KOZO_TYPE_ENDPOINT)};
    struct kozo_reply reply = {make(KOZO_TYPE_REPLY)};
    REQUIRE(kozo_thread_bind_notification(own_thread(), notification) == KOZO_OK);
    CHECK(kozo_notification_signal(
              (struct kozo_notification){with_badge(notification.handle, 6)}) == KOZO_OK);
    struct kozo_received in = kozo_endpoint_recv(endpoint, reply);
    CHECK(in.error == KOZO_OK && in.badge == 6 && kozo_message_info_word(in.message.info) == 0);
    CHECK(kozo_endpoint_try_recv(endpoint, reply).error == KOZO_WOULD_BLOCK);
}

TEST("a Notification is bound to one thread, and can be unbound")
{
    set_up();
    struct kozo_thread other = {make(KOZO_TYPE_THREAD)};
    CHECK(kozo_thread_bind_notification(own_thread(), notification) == KOZO_OK);
    CHECK(kozo_thread_bind_notification(other, notification) == KOZO_BAD_STATE);
    CHECK(kozo_thread_bind_notification(own_thread(), (struct kozo_notification){}) == KOZO_OK);
    CHECK(kozo_thread_bind_notification(other, notification) == KOZO_OK);
}

TEST("binding refuses a Notification that somebody waits on, and what is none")
{
    set_up();
    (void)start_thread(wait_for_it, nullptr, OWN_PRIORITY);
    let_others_run();
    CHECK(kozo_thread_bind_notification(own_thread(), notification) == KOZO_BAD_STATE);
    struct kozo_notification other = {make(KOZO_TYPE_ENDPOINT)};
    CHECK(kozo_thread_bind_notification(own_thread(), other) == KOZO_BAD_TYPE);
}

TEST("binding needs READ on the Notification and CONTROL on the thread")
{
    set_up();
    struct kozo_notification writes = {with_rights(notification.handle, KOZO_RIGHT_WRITE)};
    CHECK(kozo_thread_bind_notification(own_thread(), writes) == KOZO_NO_RIGHT);
    struct kozo_thread look = {with_rights(own_thread().handle, KOZO_RIGHT_READ)};
    CHECK(kozo_thread_bind_notification(look, notification) == KOZO_NO_RIGHT);
}

TEST("a Notification that is gone is bound to nobody")
{
    set_up();
    REQUIRE(kozo_thread_bind_notification(own_thread(), notification) == KOZO_OK);
    CHECK(kozo_cnode_delete(slot(notification.handle)) == KOZO_OK);
    set_up();
    CHECK(kozo_thread_bind_notification(own_thread(), notification) == KOZO_OK);
}
