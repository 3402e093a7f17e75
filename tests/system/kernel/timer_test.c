// SPDX-License-Identifier: MIT
// Timers and the clock.
#include <kozo/clock.h>

#include "kernel_test.h"

constexpr uint64_t MILLISECOND = 1'000'000;

static struct kozo_timer timer;
static struct kozo_notification signals;

static void set_up(void)
{
    timer.handle = make(KOZO_TYPE_TIMER);
    signals.handle = make(KOZO_TYPE_NOTIFICATION);
    REQUIRE(kozo_timer_bind(timer, (struct kozo_notification){with_badge(signals.handle, 6)}) ==
            KOZO_OK);
}

TEST("a timer signals its bits when its deadline has come, not before")
{
    set_up();
    uint64_t deadline = kozo_clock_deadline(5 * MILLISECOND);
    REQUIRE(kozo_timer_set(timer, deadline, 0) == KOZO_OK);
    uint64_t bits = kozo_notification_poll(signals).bits;
    CHECK(bits == 0 || kozo_ticks() >= deadline);
    CHECK(bits == 6 || kozo_notification_wait(signals).bits == 6);
    CHECK(kozo_ticks() >= deadline);
    CHECK(kozo_timer_info(timer).expired == 1 && kozo_timer_info(timer).deadline == 0);
}

TEST("a timer whose deadline has passed signals at once")
{
    set_up();
    REQUIRE(kozo_timer_set(timer, 1, 0) == KOZO_OK);
    CHECK(kozo_notification_wait(signals).bits == 6);
}

TEST("a periodic timer comes again and again, each time at its time")
{
    set_up();
    uint64_t period = kozo_clock_ticks(2 * MILLISECOND);
    uint64_t deadline = kozo_ticks() + period;
    REQUIRE(kozo_timer_set(timer, deadline, period) == KOZO_OK);
    for (unsigned i = 0; i < 5; i++) {
        CHECK(kozo_notification_wait(signals).bits == 6);
        CHECK(kozo_ticks() >= deadline + i * period);
    }
    CHECK(kozo_timer_info(timer).expired >= 5 && kozo_timer_info(timer).period == period);
}

TEST("of two timers the earlier comes first, whichever was set first")
{
    set_up();
    struct kozo_timer other = {make(KOZO_TYPE_TIMER)};
    REQUIRE(kozo_timer_bind(other, signals) == KOZO_OK);
    REQUIRE(kozo_timer_set(timer, kozo_clock_deadline(90 * MILLISECOND), 0) == KOZO_OK);
    REQUIRE(kozo_timer_set(other, kozo_clock_deadline(60 * MILLISECOND), 0) == KOZO_OK);
    CHECK(kozo_notification_wait(signals).bits == 1);
    CHECK(kozo_notification_wait(signals).bits == 6);
}

TEST("a cancelled timer, and one that is gone, do not come")
{
    set_up();
    REQUIRE(kozo_timer_set(timer, kozo_clock_deadline(50 * MILLISECOND), 0) == KOZO_OK);
    CHECK(kozo_timer_cancel(timer) == KOZO_OK);
    struct kozo_timer other = {make(KOZO_TYPE_TIMER)};
    REQUIRE(kozo_timer_bind(other, signals) == KOZO_OK);
    REQUIRE(kozo_timer_set(other, kozo_clock_deadline(50 * MILLISECOND), 0) == KOZO_OK);
    CHECK(kozo_cnode_delete(slot(other.handle)) == KOZO_OK);
    spin(60);
    CHECK(kozo_notification_poll(signals).bits == 0);
}

TEST("a timer outlives its Notification, and takes another")
{
    set_up();
    uint64_t period = kozo_clock_ticks(MILLISECOND);
    REQUIRE(kozo_timer_set(timer, 0, period) == KOZO_OK);
    CHECK(kozo_cnode_revoke(slot(signals.handle)) == KOZO_OK);
    CHECK(kozo_cnode_delete(slot(signals.handle)) == KOZO_OK);
    spin(5);
    signals.handle = make(KOZO_TYPE_NOTIFICATION);
    CHECK(kozo_timer_bind(timer, signals) == KOZO_OK);
    CHECK(kozo_notification_wait(signals).bits == 1);
}

TEST("a period is at least 100 microseconds")
{
    set_up();
    CHECK(kozo_timer_set(timer, 0, 1) == KOZO_BAD_ARGUMENT);
    CHECK(kozo_timer_set(timer, 0, kozo_clock_ticks(99'000)) == KOZO_BAD_ARGUMENT);
    CHECK(kozo_timer_set(timer, 0, UINT64_MAX) == KOZO_BAD_ARGUMENT);
    CHECK(kozo_timer_set(timer, 0, kozo_clock_ticks(101'000)) == KOZO_OK);
}

TEST("a timer needs CONTROL to be set and bound, and READ to be looked at")
{
    set_up();
    struct kozo_timer looks = {with_rights(timer.handle, KOZO_RIGHT_READ)};
    struct kozo_timer controls = {with_rights(timer.handle, KOZO_RIGHT_CONTROL)};
    CHECK(kozo_timer_set(looks, 0, 0) == KOZO_NO_RIGHT);
    CHECK(kozo_timer_cancel(looks) == KOZO_NO_RIGHT);
    CHECK(kozo_timer_bind(looks, signals) == KOZO_NO_RIGHT);
    CHECK(kozo_timer_info(controls).error == KOZO_NO_RIGHT);
    struct kozo_notification reads = {with_rights(signals.handle, KOZO_RIGHT_READ)};
    CHECK(kozo_timer_bind(timer, reads) == KOZO_NO_RIGHT);
    CHECK(kozo_timer_bind(timer, (struct kozo_notification){own_thread().handle}) == KOZO_BAD_TYPE);
}

TEST("the clock goes on, in nanoseconds, at the speed of its ticks")
{
    uint64_t before = kozo_clock_now();
    uint64_t ticks = kozo_ticks();
    spin(3);
    uint64_t passed = kozo_clock_nanoseconds(kozo_ticks() - ticks);
    uint64_t now = kozo_clock_now();
    CHECK(now - before >= passed && passed >= 3 * MILLISECOND - 1);
    CHECK(now - before < passed + 1000 * MILLISECOND);
}
