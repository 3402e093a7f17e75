// SPDX-License-Identifier: MIT
// Measures what several processors have to do with each other: `./kozo bench ipc`.
//
//     run bench/processors PROCESSORS [pairs]
//
// A call to a server of another processor; a page that is unmapped while all processors are in its address
// space; and one, two, four pairs of caller and server, each pair on a processor of its own and each
// thread in an address space of its own.
//
// Under --icount QEMU runs one processor at a time, and all of them share one count. A processor that
// waits by PAUSE or is idle lets the next one run. So a row counts what all processors execute, one
// after the other, and not how long it takes when they do it at the same time.
//
// Output as that of measure.h, and a line more:
//
//     frequency TICKS   of the clock, in a second
#include <kozo/machine.h>
#include <kozo/print.h>
#include <kozo/stubs.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"
#include "side.h"

constexpr unsigned PROCESSORS_MOST = 4;
constexpr size_t STACK_SIZE = 4096;
constexpr uint64_t BUDGET = 10'000; // microseconds
constexpr uint64_t PAGE_BITS = 12;
constexpr uint64_t HERE = KOZO_PROCESS_FREE + (16ul << 20);
constexpr uint64_t ROUND_TRIPS = 4'000; // of each pair
constexpr unsigned TIMES = 5;           // of which the shortest counts: this machine has other work

static unsigned processors;

// Under --icount the next processor runs then.
static void let_others_run(void)
{
    __asm__ volatile("pause");
}

// --- A server of another processor ---------------------------------------------------------------

struct meeting {
    struct kozo_endpoint requests;
    struct kozo_reply reply;
};

static struct meeting meetings[PROCESSORS_MOST + 1];

static void answer(uint64_t number, struct kozo_ipc_buffer *buffer)
{
    const struct meeting *at = &meetings[number];
    (void)buffer;
    struct kozo_received received = kozo_endpoint_recv(at->requests, at->reply);
    while (true) {
        received.message.info = (struct kozo_message_info){};
        received = kozo_endpoint_reply_recv(at->requests, at->reply, received.message);
    }
}

// Registers that hold no word of the message are left as they are.
static enum kozo_error call(const struct meeting *at)
{
    struct kozo_message message = {};
    for (size_t i = 0; i < KOZO_REGISTER_WORDS; i++) {
        message.word[i] = kozo_unset();
    }
    return kozo_endpoint_call(at->requests, message).error;
}

static bool make_meeting(struct meeting *meeting)
{
    meeting->requests.handle = side_object(KOZO_TYPE_ENDPOINT, 0);
    meeting->reply.handle = side_object(KOZO_TYPE_REPLY, 0);
    return meeting->requests.handle != 0 && meeting->reply.handle != 0;
}

static bool waits(struct kozo_thread thread)
{
    return kozo_thread_info(thread).state == KOZO_THREAD_RECEIVING;
}

static struct side far;

static enum kozo_error start_far(void)
{
    struct meeting *meeting = &meetings[PROCESSORS_MOST];

    if (!make_meeting(meeting) || !side_make(&far, 1, (struct kozo_endpoint){}) ||
        !side_start(&far, answer, PROCESSORS_MOST)) {
        return KOZO_BAD_STATE;
    }
    while (!waits(far.thread)) {
        let_others_run();
    }
    return call(meeting);
}

static enum kozo_error call_far(void)
{
    return call(&meetings[PROCESSORS_MOST]);
}

// --- A page that all processors have to forget ----------------------------------------------------

alignas(16) static unsigned char stacks[PROCESSORS_MOST][STACK_SIZE];
static volatile uint64_t turns[PROCESSORS_MOST];
static struct kozo_thread visitors[PROCESSORS_MOST];
static struct kozo_frame frame;
static struct kozo_slot mapping;

[[noreturn]] static void visit(uint64_t processor)
{
    while (true) {
        turns[processor] = turns[processor] + 1;
        let_others_run();
    }
}

// A thread in the program's own address space.
static bool start_visitor(unsigned processor)
{
    struct kozo_thread thread = {side_object(KOZO_TYPE_THREAD, 0)};
    struct kozo_sched_context context = {side_object(KOZO_TYPE_SCHED_CONTEXT, 0)};
    struct kozo_cnode cnode = {kozo_granted("self.cnode")};
    struct kozo_address_space space = {kozo_granted("self.space")};
    uint64_t stack = (uint64_t)(stacks[processor] + STACK_SIZE) - sizeof(uint64_t);

    visitors[processor] = thread;
    return kozo_thread_configure(thread, cnode, space, (struct kozo_frame){}, 0,
                                 (struct kozo_endpoint){}) == KOZO_OK &&
           kozo_thread_write_registers(thread, (uint64_t)visit, stack, processor, 0, 0) ==
               KOZO_OK &&
           kozo_sched_control_configure(side_time(processor), context, BUDGET, 0) == KOZO_OK &&
           kozo_sched_context_bind(context, thread) == KOZO_OK &&
           kozo_thread_resume(thread) == KOZO_OK;
}

static enum kozo_error start_visitors(void)
{
    for (unsigned i = 1; i < processors; i++) {
        if (!start_visitor(i)) {
            return KOZO_BAD_STATE;
        }
    }
    return KOZO_OK;
}

static enum kozo_error map_page(void)
{
    return kozo_frame_map(frame, mapping, (struct kozo_address_space){kozo_granted("self.space")},
                          HERE, 0, KOZO_PAGE_SIZE, KOZO_RIGHT_READ | KOZO_RIGHT_WRITE);
}

// Maps a page, uses it, and lets each visitor run on.
static enum kozo_error prepare_page(void)
{
    enum kozo_error error = map_page();
    if (error != KOZO_OK) {
        return error;
    }
    *(volatile uint64_t *)HERE = 1;
    for (unsigned i = 1; i < processors && visitors[i].handle != 0; i++) {
        for (uint64_t before = turns[i]; turns[i] == before;) {
            let_others_run();
        }
    }
    return KOZO_OK;
}

static enum kozo_error unmap_page(void)
{
    return kozo_cnode_delete(mapping);
}

static const struct measure_row rows[] = {
    {"call-far", MEASURE_ROUNDS, 1, start_far, nullptr, call_far, nullptr},
    {"unmap", MEASURE_ROUNDS, 1, nullptr, prepare_page, unmap_page, nullptr},
    {"unmap-all", MEASURE_ROUNDS, 1, start_visitors, prepare_page, unmap_page, nullptr},
};

// --- Pairs, each on its own processor -------------------------------------------------------------

static struct {
    struct side caller, server;
    struct kozo_notification go, done;
} pairs[PROCESSORS_MOST];

static volatile bool refused;

static void call_often(uint64_t number, struct kozo_ipc_buffer *buffer)
{
    (void)buffer;
    while (true) {
        (void)kozo_notification_wait(pairs[number].go);
        for (uint64_t i = 0; i < ROUND_TRIPS; i++) {
            if (call(&meetings[number]) != KOZO_OK) {
                refused = true;
            }
        }
        (void)kozo_notification_signal(pairs[number].done);
    }
}

static bool make_pair(unsigned number)
{
    pairs[number].go.handle = side_object(KOZO_TYPE_NOTIFICATION, 0);
    pairs[number].done.handle = side_object(KOZO_TYPE_NOTIFICATION, 0);
    return make_meeting(&meetings[number]) &&
           side_make(&pairs[number].server, number, (struct kozo_endpoint){}) &&
           side_make(&pairs[number].caller, number, (struct kozo_endpoint){}) &&
           side_start(&pairs[number].server, answer, number) &&
           side_start(&pairs[number].caller, call_often, number);
}

// Lets so many pairs make all their round trips, at the same time. Gives how long that took.
static uint64_t run_pairs(unsigned count)
{
    uint64_t start = kozo_ticks();

    for (unsigned i = 0; i < count; i++) {
        (void)kozo_notification_signal(pairs[i].go);
    }
    for (unsigned i = 0; i < count; i++) {
        (void)kozo_notification_wait(pairs[i].done);
    }
    return kozo_ticks() - start;
}

static void measure_pairs(unsigned count)
{
    uint64_t least = UINT64_MAX;

    for (unsigned i = 0; i < TIMES; i++) {
        uint64_t took = run_pairs(count);
        least = took < least ? took : least;
    }
    kozo_printf("row pairs-%u %lu %lu\n", count, least, count * ROUND_TRIPS);
}

static bool set_up(void)
{
    frame.handle = side_object(KOZO_TYPE_FRAME, PAGE_BITS);
    mapping.handle = side_slot();
    for (unsigned i = 0; i < processors; i++) {
        if (!make_pair(i)) {
            return false;
        }
    }
    return frame.handle != 0;
}

static void end_visitors(void)
{
    for (unsigned i = 1; i < processors; i++) {
        (void)kozo_thread_suspend(visitors[i]);
    }
}

static bool measure_rows(void)
{
    bool measured = measure(rows, processors == 1 ? 0 : sizeof rows / sizeof rows[0]) == 0;

    end_visitors();
    return measured;
}

int main(int argument_count, char **arguments)
{
    constexpr int usage = 2;
    bool only_pairs = argument_count == 3 && strcmp(arguments[2], "pairs") == 0;

    if (argument_count == 2 || only_pairs) {
        processors = (unsigned)strtoul(arguments[1], nullptr, 10);
    }
    if (processors < 1 || processors > PROCESSORS_MOST) {
        kozo_print("usage: processors 1|2|4 [pairs]\n");
        return usage;
    }
    kozo_printf("frequency %lu\n", kozo_process_info()->tsc_frequency);
    if (!set_up() || (!only_pairs && !measure_rows())) {
        return 1;
    }
    for (unsigned count = 1; count <= processors; count *= 2) {
        measure_pairs(count);
    }
    return refused ? 1 : 0;
}
