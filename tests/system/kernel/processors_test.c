// SPDX-License-Identifier: MIT
// Several processors, seen from inside: test/processors, which is run with two and with four. The
// test itself runs on processor 0 and keeps it busy; the threads of the tests run on processor 1.
#include <kozo/machine.h>

#include "kernel_test.h"

constexpr uint64_t PATIENCE = 20'000; // milliseconds
constexpr unsigned ROUNDS = 25;
constexpr uint64_t BUDGET = 5'000; // microseconds of a turn
constexpr uint64_t SECOND_ADDRESS = FREE_ADDRESS + 8 * PAGE;

static volatile uint64_t beats;

static void move(struct kozo_thread thread, const char *time)
{
    // make_thread makes the SchedContext right after the thread.
    struct kozo_sched_context context = {thread.handle + 1};
    struct kozo_sched_control control = {kozo_granted(time)};
    CHECK(kozo_sched_control_configure(control, context, BUDGET, 0) == KOZO_OK);
}

static struct kozo_thread start_there(void (*function)(void *argument))
{
    struct kozo_thread thread = make_thread(function, nullptr, OWN_PRIORITY);
    move(thread, "time.1");
    CHECK(kozo_thread_resume(thread) == KOZO_OK);
    return thread;
}

static bool is_late(uint64_t start)
{
    return kozo_ticks() - start > kozo_process_info()->tsc_frequency / 1000 * PATIENCE;
}

// Waits, without giving way, until `beats` has grown.
static bool beats_on(void)
{
    uint64_t start = kozo_ticks();
    uint64_t before = beats;
    while (beats == before && !is_late(start)) {
    }
    return beats != before;
}

static bool reaches(struct kozo_thread thread, uint64_t state)
{
    uint64_t start = kozo_ticks();
    while (state_of(thread) != state && !is_late(start)) {
    }
    return state_of(thread) == state;
}

static void beat(void *)
{
    while (true) {
        beats = beats + 1;
    }
}

TEST("a thread runs on another processor while this one is busy")
{
    (void)start_there(beat);
    CHECK(beats_on() && beats_on());
}

TEST("a thread that is suspended on another processor stands still when suspend returns")
{
    struct kozo_thread thread = start_there(beat);
    for (unsigned i = 0; i < ROUNDS; i++) {
        REQUIRE(beats_on());
        CHECK(kozo_thread_suspend(thread) == KOZO_OK);
        uint64_t before = beats;
        spin(1);
        CHECK(beats == before && state_of(thread) == KOZO_THREAD_STOPPED);
        CHECK(kozo_thread_resume(thread) == KOZO_OK);
    }
}

TEST("a thread that runs on another processor stands still when its deletion returns")
{
    for (unsigned i = 0; i < 4; i++) {
        struct kozo_thread thread = start_there(beat);
        REQUIRE(beats_on());
        CHECK(kozo_cnode_delete(slot(thread.handle)) == KOZO_OK);
        uint64_t before = beats;
        spin(1);
        CHECK(beats == before);
    }
}

TEST("a thread goes on on the processor that it is moved to, again and again")
{
    struct kozo_thread thread = start_there(beat);
    for (unsigned i = 0; i < ROUNDS; i++) {
        REQUIRE(beats_on());
        move(thread, "time");
        CHECK(state_of(thread) == KOZO_THREAD_READY);
        move(thread, "time.1");
    }
    CHECK(beats_on());
}

static void write_page(void *)
{
    volatile uint64_t *word = (volatile uint64_t *)FREE_ADDRESS;
    while (true) {
        *word = *word + 1;
        beats = beats + 1;
    }
}

TEST("nobody writes to a page on another processor after its unmapping has returned")
{
    struct kozo_frame frame = {make_sized(KOZO_TYPE_FRAME, 12)};
    struct kozo_slot mapping = slot(empty_slot());
    struct kozo_slot second = slot(empty_slot());
    uint32_t both = kozo_rights(KOZO_RIGHT_READ | KOZO_RIGHT_WRITE);
    uint32_t read = kozo_rights(KOZO_RIGHT_READ);
    const volatile uint64_t *word = (const volatile uint64_t *)SECOND_ADDRESS;

    REQUIRE(kozo_frame_map(frame, second, own_space(), SECOND_ADDRESS, 0, PAGE, read) == KOZO_OK);
    REQUIRE(kozo_frame_map(frame, mapping, own_space(), FREE_ADDRESS, 0, PAGE, both) == KOZO_OK);
    struct kozo_thread thread = start_there(write_page);
    for (unsigned i = 0; i < ROUNDS; i++) {
        REQUIRE(beats_on());
        CHECK(kozo_cnode_delete(mapping) == KOZO_OK);
        uint64_t before = *word;
        spin(1);
        CHECK(*word == before);
        CHECK(reaches(thread, KOZO_THREAD_FAULTED));
        CHECK(kozo_frame_map(frame, mapping, own_space(), FREE_ADDRESS, 0, PAGE, both) == KOZO_OK);
        CHECK(kozo_thread_resume(thread) == KOZO_OK);
    }
}

static struct kozo_endpoint endpoint;
static struct kozo_reply reply;

static void echo(void *)
{
    struct kozo_received received = kozo_endpoint_recv(endpoint, reply);
    while (true) {
        received = kozo_endpoint_reply_recv(endpoint, reply, received.message);
    }
}

TEST("a server on another processor answers each call")
{
    endpoint.handle = make(KOZO_TYPE_ENDPOINT);
    reply.handle = make(KOZO_TYPE_REPLY);
    (void)start_there(echo);
    for (unsigned i = 0; i < 8 * ROUNDS; i++) {
        struct kozo_received received = kozo_endpoint_call(endpoint, message(1, i));
        CHECK(received.error == KOZO_OK && received.message.word[0] == i);
    }
}

static struct kozo_notification there, back;

static void answer_signals(void *)
{
    while (true) {
        (void)kozo_notification_wait(there);
        (void)kozo_notification_signal(back);
    }
}

TEST("no signal to another processor, and none from it, is lost")
{
    there.handle = make(KOZO_TYPE_NOTIFICATION);
    back.handle = make(KOZO_TYPE_NOTIFICATION);
    (void)start_there(answer_signals);
    for (unsigned i = 0; i < 8 * ROUNDS; i++) {
        CHECK(kozo_notification_signal(there) == KOZO_OK);
        CHECK(kozo_notification_wait(back).error == KOZO_OK);
    }
}
