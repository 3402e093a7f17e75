// SPDX-License-Identifier: MIT
#include "object/timer.h"

#include "tests/world.h"

constexpr uint64_t TIMER = AT_FREE;
constexpr uint64_t SIGNALS = AT_FREE + 1;
constexpr uint64_t OTHER = AT_FREE + 2;
constexpr uint64_t LEASE = AT_FREE + 3;

static void begin(void)
{
    world_begin();
    world_make(KOZO_TYPE_TIMER, 0, TIMER);
    world_make(KOZO_TYPE_NOTIFICATION, 0, SIGNALS);
    CHECK(CALL(CNODE_MINT, SIGNALS, OTHER, UINT64_MAX, 6) == KOZO_OK);
    CHECK(CALL(TIMER_BIND, TIMER, OTHER) == KOZO_OK);
}

// What has been signalled since the last look.
static uint64_t signals(void)
{
    CHECK(CALL(NOTIFICATION_POLL, SIGNALS) == KOZO_OK);
    return world.result[0];
}

static void at(uint64_t now)
{
    host.now = now;
    world_timer();
}

static void check_info(uint64_t deadline, uint64_t period, uint64_t expired)
{
    CHECK(CALL(TIMER_INFO, TIMER) == KOZO_OK);
    CHECK(world.result[0] == deadline && world.result[1] == period && world.result[2] == expired);
}

TEST("a timer signals its badge's bits at its deadline, once")
{
    begin();
    uint64_t start = host.now;
    CHECK(CALL(TIMER_SET, TIMER, start + 50) == KOZO_OK);
    CHECK(host.deadline == start + 50);
    check_info(start + 50, 0, 0);
    at(start + 49);
    CHECK(signals() == 0);
    at(start + 50);
    CHECK(signals() == 6);
    check_info(0, 0, 1);
    at(start + 1000);
    CHECK(signals() == 0);
}

TEST("a deadline that has passed comes at once")
{
    begin();
    CHECK(CALL(TIMER_SET, TIMER, 0) == KOZO_OK);
    CHECK(host.deadline <= host.now);
    at(host.now);
    CHECK(signals() == 6);
}

TEST("a periodic timer signals again and again, without drifting")
{
    begin();
    uint64_t start = host.now;
    CHECK(CALL(TIMER_SET, TIMER, start + 100, 200) == KOZO_OK);
    at(start + 130);
    CHECK(signals() == 6);
    check_info(start + 300, 200, 1);
    at(start + 310);
    CHECK(signals() == 6);
    check_info(start + 500, 200, 2);
}

TEST("a periodic timer that is late skips what it missed, and counts it")
{
    begin();
    uint64_t start = host.now;
    CHECK(CALL(TIMER_SET, TIMER, start + 100, 200) == KOZO_OK);
    at(start + 700);
    CHECK(signals() == 6);
    check_info(start + 900, 200, 4);
    CHECK(CALL(TIMER_SET, TIMER, 1, TIMER_PERIOD_MAX) == KOZO_OK);
    at(host.now);
    check_info(1 + TIMER_PERIOD_MAX, TIMER_PERIOD_MAX, 5);
}

TEST("the hardware timer is set again only when the new deadline is earlier")
{
    begin();
    uint64_t start = host.now;
    CHECK(CALL(TIMER_SET, TIMER, start + 50) == KOZO_OK);
    uint64_t set = host.timer_set;
    world_make(KOZO_TYPE_TIMER, 0, LEASE);
    CHECK(CALL(TIMER_SET, LEASE, start + 60) == KOZO_OK);
    CHECK(host.timer_set == set && host.deadline == start + 50);
    CHECK(CALL(TIMER_SET, LEASE, start + 40) == KOZO_OK);
    CHECK(host.timer_set == set + 1 && host.deadline == start + 40);
}

TEST("a timer can be set again and cancelled")
{
    begin();
    uint64_t start = host.now;
    CHECK(CALL(TIMER_SET, TIMER, start + 50, 300) == KOZO_OK);
    CHECK(CALL(TIMER_SET, TIMER, start + 80) == KOZO_OK);
    at(start + 60);
    CHECK(signals() == 0);
    CHECK(CALL(TIMER_CANCEL, TIMER) == KOZO_OK);
    CHECK(CALL(TIMER_CANCEL, TIMER) == KOZO_OK);
    at(start + 90);
    CHECK(signals() == 0);
    check_info(0, 0, 0);
}

TEST("a timer wakes a thread that waits, on an idle processor too")
{
    begin();
    struct thread *thread = world_current();
    CHECK(CALL(TIMER_SET, TIMER, host.now + 20'000) == KOZO_OK);
    CHECK(CALL(NOTIFICATION_WAIT, SIGNALS) == WAITS);
    CHECK(world_current() == nullptr);
    at(host.now + 6'000);
    CHECK(world_current() == nullptr && host.deadline <= host.now + 14'000);
    at(host.now + 14'000);
    CHECK(world_current() == thread && thread->registers.argument[0] == 6);
}

TEST("more timers than one entry carries out expire one after the other")
{
    begin();
    constexpr unsigned many = ALARMS_AT_ONCE + 4;
    for (unsigned i = 0; i < many; i++) {
        world_make(KOZO_TYPE_TIMER, 0, LEASE + i);
        CHECK(CALL(TIMER_SET, LEASE + i, host.now + 100 - i) == KOZO_OK);
    }
    at(host.now + 100);
    CHECK(arch_cpu()->alarms != 0 && host.deadline <= host.now);
    at(host.now);
    CHECK(arch_cpu()->alarms == 0);
}

TEST("a timer that is destroyed while it runs expires no more")
{
    begin();
    CHECK(CALL(TIMER_SET, TIMER, host.now + 50, 200) == KOZO_OK);
    CHECK(CALL(CNODE_DELETE, TIMER) == KOZO_OK);
    CHECK(arch_cpu()->alarms == 0);
    at(host.now + 60);
    CHECK(signals() == 0);
}

TEST("a timer whose Notification is revoked runs on, for the next one")
{
    begin();
    CHECK(CALL(TIMER_SET, TIMER, host.now + 50, 200) == KOZO_OK);
    CHECK(CALL(CNODE_REVOKE, SIGNALS) == KOZO_OK);
    at(host.now + 60);
    CHECK(signals() == 0);
    CHECK(CALL(TIMER_BIND, TIMER, SIGNALS) == KOZO_OK);
    at(host.now + 200);
    CHECK(signals() == 1);
    CHECK(CALL(TIMER_BIND, TIMER, 0) == KOZO_OK);
    at(host.now + 200);
    CHECK(signals() == 0);
    CHECK(CALL(CNODE_DELETE, SIGNALS) == KOZO_OK);
    at(host.now + 200);
}

TEST("set refuses a period that is too short or too long, and changes nothing")
{
    begin();
    CHECK(CALL(TIMER_SET, TIMER, host.now + 50) == KOZO_OK);
    CHECK(CALL(TIMER_SET, TIMER, 1, TIMER_PERIOD_MIN - 1) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(TIMER_SET, TIMER, 1, TIMER_PERIOD_MAX + 1) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(TIMER_SET, TIMER, 1, UINT64_MAX) == KOZO_BAD_ARGUMENT);
    check_info(host.now + 50, 0, 0);
}

TEST("binding needs WRITE on a Notification that is under no Lease")
{
    begin();
    CHECK(CALL(CNODE_DELETE, OTHER) == KOZO_OK);
    CHECK(CALL(CNODE_MINT, SIGNALS, OTHER, KOZO_RIGHT_READ, 0) == KOZO_OK);
    CHECK(CALL(TIMER_BIND, TIMER, OTHER) == KOZO_NO_RIGHT);
    CHECK(CALL(TIMER_BIND, TIMER, AT_CNODE) == KOZO_BAD_TYPE);
    CHECK(CALL(TIMER_BIND, TIMER, WORLD_SLOTS - 1) == KOZO_BAD_HANDLE);
    world_make(KOZO_TYPE_LEASE, 0, LEASE);
    CHECK(CALL(LEASE_OPEN, LEASE) == KOZO_OK);
    CHECK(CALL(CNODE_LEND, SIGNALS, LEASE + 1, UINT64_MAX, 0, LEASE) == KOZO_OK);
    CHECK(CALL(TIMER_BIND, TIMER, LEASE + 1) == KOZO_BAD_TYPE);
}

TEST("setting and binding need CONTROL, info needs READ")
{
    begin();
    CHECK(CALL(CNODE_MINT, TIMER, LEASE, KOZO_RIGHT_READ, 0) == KOZO_OK);
    CHECK(CALL(TIMER_SET, LEASE, 1) == KOZO_NO_RIGHT);
    CHECK(CALL(TIMER_CANCEL, LEASE) == KOZO_NO_RIGHT);
    CHECK(CALL(TIMER_BIND, LEASE, 0) == KOZO_NO_RIGHT);
    CHECK(CALL(TIMER_INFO, LEASE) == KOZO_OK);
    CHECK(CALL(CNODE_MINT, TIMER, LEASE + 1, KOZO_RIGHT_CONTROL, 0) == KOZO_OK);
    CHECK(CALL(TIMER_INFO, LEASE + 1) == KOZO_NO_RIGHT);
}
