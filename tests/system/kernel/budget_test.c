// SPDX-License-Identifier: MIT
// Budgets with a period, and time that runs out while it is lent.
#include <kozo/clock.h>

#include "kernel_test.h"

constexpr uint64_t BUDGET = 5000; // microseconds
constexpr uint64_t PERIOD = 50'000;

// How much later than at the end of a budget the timer may come, in microseconds: the machine that
// this runs on may have been halted meanwhile. It is paid for later, but not at once.
constexpr uint64_t LATE = 4 * BUDGET;
constexpr uint64_t MICROSECOND = 1000;

static volatile uint64_t counter;
static struct kozo_endpoint endpoint;
static struct kozo_endpoint faults;
static struct kozo_reply reply;
static volatile enum kozo_error answered;

static struct kozo_sched_control control(void)
{
    return (struct kozo_sched_control){kozo_granted("time")};
}

static void count(void *argument)
{
    (void)argument;
    while (true) {
        counter++;
    }
}

// Gives a stopped thread another SchedContext, with a budget.
static struct kozo_sched_context limit(struct kozo_thread thread)
{
    struct kozo_sched_context context = {make(KOZO_TYPE_SCHED_CONTEXT)};
    CHECK(kozo_sched_control_configure(control(), context, BUDGET, PERIOD) == KOZO_OK);
    // The thread's own came right after it.
    CHECK(kozo_sched_context_unbind((struct kozo_sched_context){thread.handle + 1}) == KOZO_OK);
    CHECK(kozo_sched_context_bind(context, thread) == KOZO_OK);
    return context;
}

// Ticks of a time by the clock, in microseconds, rounded up.
static uint64_t ticks(uint64_t microseconds)
{
    return kozo_clock_ticks(microseconds * MICROSECOND) + 1;
}

// Waits without using the processor.
static void sleep_for(uint64_t microseconds)
{
    struct kozo_notification done = {make(KOZO_TYPE_NOTIFICATION)};
    struct kozo_timer timer = {make(KOZO_TYPE_TIMER)};
    REQUIRE(kozo_timer_bind(timer, done) == KOZO_OK);
    REQUIRE(kozo_timer_set(timer, kozo_ticks() + ticks(microseconds), 0) == KOZO_OK);
    CHECK(kozo_notification_wait(done).error == KOZO_OK);
}

// Whether no more than the budget is used in each period, in one of several spans: while this machine is
// halted its clock goes on, and that counts as used, so a busy host may spoil some.
static bool is_held_to_budget(struct kozo_sched_context context)
{
    constexpr unsigned spans = 6;
    constexpr uint64_t periods = 3;
    bool held = false;
    for (unsigned i = 0; i < spans && !held; i++) {
        uint64_t start = kozo_ticks();
        uint64_t before = kozo_sched_context_info(context).consumed;
        sleep_for(periods * PERIOD);
        uint64_t used = kozo_sched_context_info(context).consumed - before;
        uint64_t begun = (kozo_ticks() - start) / ticks(PERIOD) + 1;
        held = used <= begun * ticks(BUDGET) + ticks(LATE);
    }
    return held;
}

TEST("a thread that wants all it can get is held to its budget in each period")
{
    counter = 0;
    struct kozo_thread thread = make_thread(count, nullptr, OWN_PRIORITY);
    struct kozo_sched_context context = limit(thread);
    (void)kozo_thread_resume(thread);
    CHECK(is_held_to_budget(context));
    CHECK(counter > 0);
    CHECK(kozo_sched_context_info(context).consumed >= 2 * ticks(BUDGET));
}

static void serve_forever(void *argument)
{
    (void)argument;
    (void)kozo_endpoint_recv(endpoint, reply);
    count(nullptr);
}

static void call_once(void *argument)
{
    (void)argument;
    answered = kozo_endpoint_call(endpoint, message(1, 2)).error;
}

static void set_up(void)
{
    counter = 0;
    answered = KOZO_UNSEEDED;
    endpoint.handle = make(KOZO_TYPE_ENDPOINT);
    faults.handle = make(KOZO_TYPE_ENDPOINT);
    reply.handle = make(KOZO_TYPE_REPLY);
}

TEST("a server that uses up its client's budget is told of by a fault, and can be stopped")
{
    set_up();
    set_fault_handler(faults);
    struct kozo_thread server = start_thread(serve_forever, nullptr, OWN_PRIORITY);
    CHECK(kozo_thread_set_timeout(server, true) == KOZO_OK);
    struct kozo_thread client = make_thread(call_once, nullptr, OWN_PRIORITY);
    struct kozo_sched_context context = limit(client);
    let_others_run();
    CHECK(kozo_thread_resume(client) == KOZO_OK);
    struct kozo_reply held = {make(KOZO_TYPE_REPLY)};
    struct kozo_received in = kozo_endpoint_recv(faults, held);
    CHECK(in.error == KOZO_OK && in.message.info.label == KOZO_FAULT_TIMEOUT);
    CHECK(kozo_sched_context_info(context).consumed >= ticks(BUDGET) * 99 / 100);
    uint64_t stopped = counter;
    CHECK(stopped > 0 && state_of(server) == KOZO_THREAD_CALLING);
    // It stays stopped, and the client is told when its call is dropped.
    struct kozo_message stop = {.info = {.label = KOZO_ANSWER_STOP}};
    CHECK(kozo_reply_reply(held, stop) == KOZO_OK);
    CHECK(state_of(server) == KOZO_THREAD_FAULTED);
    CHECK(kozo_cnode_delete(slot(reply.handle)) == KOZO_OK);
    spin(3 * PERIOD / 1000);
    let_others_run();
    CHECK(counter == stopped && answered == KOZO_NO_REPLY);
}

TEST("a server that uses up its client's budget waits for it to come back, without a handler")
{
    set_up();
    (void)start_thread(serve_forever, nullptr, OWN_PRIORITY);
    struct kozo_thread client = make_thread(call_once, nullptr, OWN_PRIORITY);
    struct kozo_sched_context context = limit(client);
    let_others_run();
    CHECK(kozo_thread_resume(client) == KOZO_OK);
    CHECK(is_held_to_budget(context));
    CHECK(kozo_sched_context_info(context).consumed > ticks(BUDGET));
    CHECK(answered == KOZO_UNSEEDED);
}

TEST("a budget that a thread has used up does not come back by binding it anew")
{
    counter = 0;
    struct kozo_thread thread = make_thread(count, nullptr, OWN_PRIORITY);
    struct kozo_sched_context context = limit(thread);
    CHECK(kozo_sched_control_configure(control(), context, BUDGET, 1'000'000) == KOZO_OK);
    CHECK(kozo_thread_resume(thread) == KOZO_OK);
    spin(3 * BUDGET / 1000);
    let_others_run();
    spin(3 * BUDGET / 1000);
    uint64_t used = kozo_sched_context_info(context).consumed;
    CHECK(used >= ticks(BUDGET) * 99 / 100);
    for (unsigned i = 0; i < 10; i++) {
        CHECK(kozo_sched_context_unbind(context) == KOZO_OK);
        CHECK(kozo_sched_context_bind(context, thread) == KOZO_OK);
        let_others_run();
        spin(1);
    }
    CHECK(kozo_sched_context_info(context).consumed == used);
}

TEST("a period is from the budget up to ten seconds")
{
    struct kozo_sched_context context = {make(KOZO_TYPE_SCHED_CONTEXT)};
    CHECK(kozo_sched_control_configure(control(), context, 1000, 999) == KOZO_BAD_ARGUMENT);
    CHECK(kozo_sched_control_configure(control(), context, 1000, 10'000'001) == KOZO_BAD_ARGUMENT);
    CHECK(kozo_sched_control_configure(control(), context, 1000, 1000) == KOZO_OK);
    CHECK(kozo_sched_control_configure(control(), context, 1000, 10'000'000) == KOZO_OK);
    CHECK(kozo_sched_context_info(context).period > 0);
}
