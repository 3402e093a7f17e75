// SPDX-License-Identifier: MIT
// Several processors, seen from inside: test/processors, which is run with two and with four. The
// test itself runs on processor 0 and keeps it busy; the threads of the tests run on processor 1.
#include <kozo/machine.h>

#include "kernel_test.h"
#include "vectors.h"

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

// --- Extended state ------------------------------------------------------------------------------

static volatile uint64_t kept, looked, changed;

// Fills the registers with values of its own, again and again, and looks whether they stay.
static void keep_values(void *)
{
    struct vectors mine, found;
    for (uint64_t round = 1;; round++) {
        fill(&mine, POISON + round);
        load(&mine);
        for (unsigned i = 0; i < 3; i++) {
            (void)kozo_kernel_yield();
            store(&found);
            changed = changed + differences(&mine, &found);
        }
        kept = kept + 1;
    }
}

// Has never put anything into them.
static void look_for_values(void *)
{
    struct vectors nothing, found;
    fill(&nothing, 0);
    while (true) {
        store(&found);
        changed = changed + differences(&nothing, &found);
        looked = looked + 1;
        (void)kozo_kernel_yield();
    }
}

static bool grows(const volatile uint64_t *counter)
{
    uint64_t start = kozo_ticks();
    uint64_t before = *counter;
    while (*counter == before && !is_late(start)) {
        (void)kozo_kernel_yield();
    }
    return *counter != before;
}

static struct kozo_thread start_with_state(void (*function)(void *argument), const char *time)
{
    struct kozo_thread thread = make_thread(function, nullptr, OWN_PRIORITY);
    move(thread, time);
    (void)bind_to(thread);
    CHECK(kozo_thread_resume(thread) == KOZO_OK);
    return thread;
}

TEST("extended registers go along with a thread to another processor, and stay behind on none")
{
    changed = 0;
    struct kozo_thread thread = start_with_state(keep_values, "time");
    (void)start_with_state(look_for_values, "time");
    (void)start_with_state(look_for_values, "time.1");
    for (unsigned i = 0; i < ROUNDS; i++) {
        REQUIRE(grows(&kept) && grows(&looked));
        move(thread, i % 2 == 0 ? "time.1" : "time");
    }
    REQUIRE(grows(&kept) && grows(&looked));
    CHECK(changed == 0);
}

TEST("a thread without extended state finds none on a processor where others have some")
{
    constexpr uint64_t device_not_available = 7;
    changed = 0;
    struct kozo_endpoint faults = {make(KOZO_TYPE_ENDPOINT)};
    (void)start_with_state(keep_values, "time.1");
    REQUIRE(grows(&kept));
    set_fault_handler(faults);
    (void)start_there(look_for_values);
    struct kozo_received fault =
        kozo_endpoint_recv(faults, (struct kozo_reply){make(KOZO_TYPE_REPLY)});
    CHECK(fault.message.info.label == KOZO_FAULT_EXCEPTION);
    CHECK(fault.message.word[offsetof(struct kozo_fault_message, exception) / 8] ==
          device_not_available);
    CHECK(changed == 0);
}

// --- Foreign threads -----------------------------------------------------------------------------

constexpr uint64_t FOREIGN_NUMBER = 39;
constexpr uint64_t FOREIGN_RESULT = 1234;

static struct kozo_endpoint handler;
static volatile uint64_t result;

static struct kozo_thread start_guest_there(void (*function)(void *argument))
{
    beats = 0;
    result = 0;
    handler.handle = make(KOZO_TYPE_ENDPOINT);
    reply.handle = make(KOZO_TYPE_REPLY);
    set_fault_handler(handler);
    struct kozo_thread thread = make_thread(function, nullptr, OWN_PRIORITY);
    CHECK(kozo_thread_set_foreign(thread, true, 0, 0, 0) == KOZO_OK);
    move(thread, "time.1");
    CHECK(kozo_thread_resume(thread) == KOZO_OK);
    return thread;
}

static bool told_of(enum kozo_fault_kind kind)
{
    return kozo_endpoint_recv(handler, reply).message.info.label == (uint32_t)kind;
}

TEST("a foreign thread that runs on another processor is interrupted before its next instruction")
{
    struct kozo_thread thread = start_guest_there(beat);
    for (unsigned i = 0; i < ROUNDS; i++) {
        REQUIRE(beats_on());
        CHECK(kozo_thread_interrupt(thread) == KOZO_OK);
        uint64_t before = beats;
        REQUIRE(told_of(KOZO_FAULT_INTERRUPTED));
        spin(1);
        CHECK(beats == before);
        CHECK(kozo_reply_reply(reply, message(KOZO_ANSWER_RESUME, 0)) == KOZO_OK);
    }
    CHECK(beats_on());
}

static void call_once(void *)
{
    uint64_t value = FOREIGN_NUMBER;
    __asm__ volatile("syscall" : "+a"(value) : : "rcx", "r11", "memory", "cc");
    result = value;
    beat(nullptr);
}

// The result of its call comes first, and then the interruption, before it sees that result.
static void expect_result_then_interruption(struct kozo_thread thread)
{
    CHECK(kozo_reply_reply(reply, message(KOZO_ANSWER_RESULT, FOREIGN_RESULT)) == KOZO_OK);
    REQUIRE(told_of(KOZO_FAULT_INTERRUPTED));
    CHECK(result == 0 && state_of(thread) == KOZO_THREAD_CALLING);
    CHECK(kozo_reply_reply(reply, message(KOZO_ANSWER_RESUME, 0)) == KOZO_OK);
    REQUIRE(beats_on());
    CHECK(result == FOREIGN_RESULT);
}

TEST("a foreign thread of another processor whose call is queued is interrupted after its answer")
{
    struct kozo_thread thread = start_guest_there(call_once);
    REQUIRE(reaches(thread, KOZO_THREAD_SENDING));
    CHECK(kozo_thread_interrupt(thread) == KOZO_OK);
    CHECK(state_of(thread) == KOZO_THREAD_SENDING);
    REQUIRE(told_of(KOZO_FAULT_SYSCALL));
    expect_result_then_interruption(thread);
}

TEST("a foreign thread of another processor that is held is interrupted after its answer")
{
    struct kozo_thread thread = start_guest_there(call_once);
    REQUIRE(told_of(KOZO_FAULT_SYSCALL));
    CHECK(kozo_thread_interrupt(thread) == KOZO_OK);
    spin(1);
    CHECK(kozo_endpoint_try_recv(handler, (struct kozo_reply){make(KOZO_TYPE_REPLY)}).error ==
          KOZO_WOULD_BLOCK);
    expect_result_then_interruption(thread);
}

// --- Waits that are broken off from another processor ---------------------------------------------

static volatile enum kozo_error ended;

static void wait_for_signal(void *)
{
    ended = kozo_notification_wait(there).error;
}

static void wait_for_message(void *)
{
    ended = kozo_endpoint_recv(endpoint, reply).error;
}

static void wait_for_receiver(void *)
{
    ended = kozo_endpoint_send(endpoint, message(1, 2));
}

static void wait_for_answer(void *)
{
    ended = kozo_endpoint_call(endpoint, message(1, 2)).error;
}

TEST("each wait of a thread of another processor ends when what it waits for is deleted")
{
    static const struct {
        void (*function)(void *argument);
        uint64_t state;
    } waits[] = {
        {wait_for_signal, KOZO_THREAD_WAITING},
        {wait_for_message, KOZO_THREAD_RECEIVING},
        {wait_for_receiver, KOZO_THREAD_SENDING},
        {wait_for_answer, KOZO_THREAD_SENDING},
    };
    for (unsigned i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        ended = KOZO_UNSEEDED;
        there.handle = make(KOZO_TYPE_NOTIFICATION);
        endpoint.handle = make(KOZO_TYPE_ENDPOINT);
        reply.handle = make(KOZO_TYPE_REPLY);
        struct kozo_thread thread = start_there(waits[i].function);
        REQUIRE(reaches(thread, waits[i].state));
        CHECK(kozo_cnode_delete(slot(there.handle)) == KOZO_OK);
        CHECK(kozo_cnode_delete(slot(endpoint.handle)) == KOZO_OK);
        uint64_t start = kozo_ticks();
        while (ended == KOZO_UNSEEDED && !is_late(start)) {
        }
        CHECK(ended == KOZO_CANCELLED);
    }
}
