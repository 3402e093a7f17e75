// SPDX-License-Identifier: MIT
// Measures messages, signals and faults between two address spaces: `./kozo bench ipc`.
//
// The other side (side.h) is started anew by each row that needs it, in a function of its own; both
// sides have the same priority. With the argument `extended` all of it is measured by a thread that
// has extended state in use, and so has the other side: docs/performance.md has both figures.
#include <kozo/machine.h>
#include <kozo/protocol.h>
#include <kozo/start.h>
#include <kozo/stubs.h>
#include <kozo/thread_block.h>
#include <string.h>

#include "measure.h"
#include "side.h"

constexpr uint64_t NOWHERE = KOZO_PAGE_SIZE; // never mapped
constexpr uint64_t PAGE_BITS = 12;

static struct {
    struct kozo_endpoint requests, faults;
    struct kozo_reply reply;
    struct kozo_notification there, back;
    struct side other;
    struct kozo_slot gift, arrival;
    struct kozo_extended_state extended;
    bool all_extended; // both sides have some from the start
    struct kozo_io_port ports;
} at;

// --- The other side ------------------------------------------------------------------------------

// Registers that hold no word of the message are left as they are.
static struct kozo_message blank(struct kozo_message_info info)
{
    struct kozo_message message = {.info = info};
    for (size_t i = 0; i < KOZO_REGISTER_WORDS; i++) {
        message.word[i] = kozo_unset();
    }
    return message;
}

// Answers with `length` words: those that came.
static void echo(uint64_t length, struct kozo_ipc_buffer *buffer)
{
    (void)buffer;
    struct kozo_received received = kozo_endpoint_recv(at.requests, at.reply);
    while (true) {
        received.message.info = (struct kozo_message_info){.length = (uint8_t)length};
        received = kozo_endpoint_reply_recv(at.requests, at.reply, received.message);
    }
}

// Takes a capability, deletes it, and answers with how many came.
static void take_gift(uint64_t argument, struct kozo_ipc_buffer *buffer)
{
    (void)argument;
    buffer->receive_slot = at.arrival.handle;
    buffer->receive_count = 1;
    struct kozo_received received = kozo_endpoint_recv(at.requests, at.reply);
    while (true) {
        struct kozo_message answer = blank((struct kozo_message_info){.length = 1});
        answer.word[0] = received.message.info.arrived;
        if (kozo_cnode_delete(at.arrival) != KOZO_OK) {
            answer.word[0] = 0;
        }
        received = kozo_endpoint_reply_recv(at.requests, at.reply, answer);
    }
}

static void pong(uint64_t argument, struct kozo_ipc_buffer *buffer)
{
    (void)argument;
    (void)buffer;
    while (kozo_notification_wait(at.there).error == KOZO_OK &&
           kozo_notification_signal(at.back) == KOZO_OK) {
    }
    kozo_abort();
}

static void touch_nothing(uint64_t argument, struct kozo_ipc_buffer *buffer)
{
    (void)argument;
    (void)buffer;
    while (true) {
        (void)*(volatile char *)NOWHERE;
    }
}

// Uses registers of extended state, so that there is something to keep.
static void touch_extended_state(void)
{
    __asm__ volatile("movq %0, %%xmm0" : : "r"(UINT64_C(1)));
}

static side_run *other_runs;

static void run_extended(uint64_t argument, struct kozo_ipc_buffer *buffer)
{
    touch_extended_state();
    other_runs(argument, buffer);
}

// Starts it, and lets it run until it waits.
static enum kozo_error start_other(side_run *function, uint64_t argument)
{
    other_runs = function;
    return measure_done(
        side_start(&at.other, at.all_extended ? run_extended : function, argument) &&
        kozo_kernel_yield() == KOZO_OK);
}

// --- Messages ------------------------------------------------------------------------------------

// Whether `length` words come back as they went.
static enum kozo_error try_echo(size_t length)
{
    uint64_t *words = kozo_ipc_buffer()->words;
    struct kozo_message message = {.info = {.length = (uint8_t)length}};
    for (size_t i = 0; i < length; i++) {
        uint64_t *word =
            i < KOZO_REGISTER_WORDS ? &message.word[i] : &words[i - KOZO_REGISTER_WORDS];
        *word = i + 1;
    }
    struct kozo_received received = kozo_endpoint_call(at.requests, message);
    bool same = received.error == KOZO_OK && received.message.info.length == length;
    for (size_t i = 0; i < length; i++) {
        uint64_t word =
            i < KOZO_REGISTER_WORDS ? received.message.word[i] : words[i - KOZO_REGISTER_WORDS];
        same = same && word == i + 1;
    }
    return measure_done(same);
}

static enum kozo_error start_echo(size_t length)
{
    enum kozo_error error = start_other(echo, length);
    return error == KOZO_OK ? try_echo(length) : error;
}

static enum kozo_error start_echo_0(void)
{
    return start_echo(0);
}

// The other side keeps no time of its own.
static enum kozo_error start_passive(void)
{
    enum kozo_error error = start_echo(0);
    return error == KOZO_OK ? kozo_sched_context_unbind(at.other.context) : error;
}

static enum kozo_error start_echo_7(void)
{
    return start_echo(KOZO_REGISTER_WORDS);
}

static enum kozo_error start_echo_64(void)
{
    return start_echo(KOZO_MESSAGE_WORDS);
}

static enum kozo_error call_0(void)
{
    return kozo_endpoint_call(at.requests, blank((struct kozo_message_info){})).error;
}

static enum kozo_error call_7(void)
{
    struct kozo_message message = {
        .info = {.length = KOZO_REGISTER_WORDS},
        .word = {1, 2, 3, 4, 5, 6, 7},
    };
    return kozo_endpoint_call(at.requests, message).error;
}

// The words beyond the registers are in the buffer since try_echo.
static enum kozo_error call_64(void)
{
    struct kozo_message message = {
        .info = {.length = KOZO_MESSAGE_WORDS},
        .word = {1, 2, 3, 4, 5, 6, 7},
    };
    return kozo_endpoint_call(at.requests, message).error;
}

static struct kozo_received send_gift(void)
{
    return kozo_endpoint_call(at.requests, blank((struct kozo_message_info){.caps = 1}));
}

static enum kozo_error start_gift(void)
{
    enum kozo_error error = start_other(take_gift, 0);
    if (error != KOZO_OK) {
        return error;
    }
    kozo_ipc_buffer()->caps[0] = at.gift.handle;
    struct kozo_received received = send_gift();
    return measure_done(received.error == KOZO_OK && received.message.word[0] == 1);
}

static enum kozo_error call_gift(void)
{
    return send_gift().error;
}

// --- Signals and faults --------------------------------------------------------------------------

static enum kozo_error start_pong(void)
{
    return start_other(pong, 0);
}

static enum kozo_error ping(void)
{
    enum kozo_error error = kozo_notification_signal(at.there);
    if (error != KOZO_OK) {
        return error;
    }
    return kozo_notification_wait(at.back).error;
}

static enum kozo_error signal_nobody(void)
{
    return kozo_notification_signal(at.back);
}

static enum kozo_error take_signal(void)
{
    struct kozo_notification_poll_result result = kozo_notification_poll(at.back);
    return measure_done(result.error == KOZO_OK && result.bits == 1);
}

static enum kozo_error start_fault(void)
{
    enum kozo_error error = start_other(touch_nothing, 0);
    if (error != KOZO_OK) {
        return error;
    }
    struct kozo_received received = kozo_endpoint_recv(at.faults, at.reply);
    return measure_done(received.error == KOZO_OK &&
                        received.message.info.label == KOZO_FAULT_PAGE &&
                        received.message.word[0] == NOWHERE);
}

// Lets the thread try again, which brings the next fault.
static enum kozo_error next_fault(void)
{
    return kozo_endpoint_reply_recv(at.faults, at.reply, blank((struct kozo_message_info){})).error;
}

// --- Foreign threads -----------------------------------------------------------------------------

static void call_foreign(uint64_t argument, struct kozo_ipc_buffer *buffer)
{
    (void)argument;
    (void)buffer;
    while (true) {
        uint64_t number = 39;
        __asm__ volatile("syscall" : "+a"(number) : : "rcx", "r11", "memory", "cc");
    }
}

static enum kozo_error take_foreign_call(void)
{
    struct kozo_received received = kozo_endpoint_recv(at.faults, at.reply);
    return measure_done(received.error == KOZO_OK &&
                        received.message.info.label == KOZO_FAULT_SYSCALL &&
                        received.message.word[0] == 39);
}

static enum kozo_error start_foreign(void)
{
    (void)kozo_thread_suspend(at.other.thread);
    if (kozo_thread_set_foreign(at.other.thread, true, 0, 0, 0) != KOZO_OK) {
        return KOZO_BAD_STATE;
    }
    enum kozo_error error = start_other(call_foreign, 0);
    return error == KOZO_OK ? take_foreign_call() : error;
}

// Gives the result, which brings the next call.
static enum kozo_error next_foreign_call(void)
{
    struct kozo_message message =
        blank((struct kozo_message_info){.length = 1, .label = KOZO_ANSWER_RESULT});
    message.word[0] = 7;
    return kozo_endpoint_reply_recv(at.faults, at.reply, message).error;
}

static bool make_own_again(void)
{
    (void)kozo_thread_suspend(at.other.thread);
    return kozo_thread_set_foreign(at.other.thread, false, 0, 0, 0) == KOZO_OK;
}

// --- Interrupts ----------------------------------------------------------------------------------

// The second serial port raises interrupt 3 as soon as it is told to say that it can send.
constexpr uint64_t PORT = 0x2f8;
constexpr uint64_t CAN_SEND = 2;

static enum kozo_error ask_for_interrupts(uint64_t which)
{
    return kozo_io_port_write(at.ports, PORT + 1, 1, which);
}

// Raises it, and tells when: that is when the system call has come back, and not one moment later.
static void raise_interrupt(uint64_t argument, struct kozo_ipc_buffer *buffer)
{
    (void)argument;
    (void)buffer;
    while (true) {
        uint64_t start = kozo_ticks();
        (void)ask_for_interrupts(0);
        uint64_t cost = kozo_ticks() - start;
        measure_began = kozo_ticks() + cost;
        (void)ask_for_interrupts(CAN_SEND);
    }
}

// The driver is above whoever is interrupted.
static enum kozo_error start_interrupts(void)
{
    if (!make_own_again() ||
        kozo_thread_set_priority(at.other.thread, side_priority() - 1) != KOZO_OK) {
        return KOZO_BAD_STATE;
    }
    return start_other(raise_interrupt, 0);
}

static enum kozo_error ready_for_interrupt(void)
{
    (void)ask_for_interrupts(0);
    return kozo_irq_handler_acknowledge((struct kozo_irq_handler){kozo_granted("irq")});
}

static enum kozo_error wait_for_interrupt(void)
{
    return kozo_notification_wait((struct kozo_notification){kozo_granted("irq.signal")}).error;
}

// --- One side with extended state, the other without ---------------------------------------------

static bool give_extended_state(void)
{
    (void)ask_for_interrupts(0);
    (void)kozo_thread_suspend(at.other.thread);
    return kozo_thread_set_priority(at.other.thread, side_priority()) == KOZO_OK &&
           kozo_extended_state_bind(at.extended, at.other.thread) == KOZO_OK;
}

static enum kozo_error start_foreign_extended(void)
{
    return give_extended_state() ? start_foreign() : KOZO_BAD_STATE;
}

static enum kozo_error start_echo_extended(void)
{
    return make_own_again() ? start_echo(0) : KOZO_BAD_STATE;
}

static const struct measure_row rows[] = {
    {"call-0", MEASURE_ROUNDS, 1, start_echo_0, nullptr, call_0, nullptr},
    {"call-passive", MEASURE_ROUNDS, 1, start_passive, nullptr, call_0, nullptr},
    {"call-7", MEASURE_ROUNDS, 1, start_echo_7, nullptr, call_7, nullptr},
    {"call-64", MEASURE_ROUNDS, 1, start_echo_64, nullptr, call_64, nullptr},
    {"call-capability", MEASURE_ROUNDS, 1, start_gift, nullptr, call_gift, nullptr},
    {"ping-pong", MEASURE_ROUNDS, 1, start_pong, nullptr, ping, nullptr},
    {"signal", MEASURE_ROUNDS, 1, nullptr, nullptr, signal_nobody, take_signal},
    {"fault", MEASURE_ROUNDS, 1, start_fault, nullptr, next_fault, nullptr},
    {"foreign", MEASURE_ROUNDS, 1, start_foreign, nullptr, next_foreign_call, nullptr},
    {"interrupt", MEASURE_ROUNDS, 1, start_interrupts, ready_for_interrupt, wait_for_interrupt,
     nullptr},
};

static const struct measure_row rows_of_one_extended[] = {
    {"foreign-extended", MEASURE_ROUNDS, 1, start_foreign_extended, nullptr, next_foreign_call,
     nullptr},
    {"call-extended", MEASURE_ROUNDS, 1, start_echo_extended, nullptr, call_0, nullptr},
};

// --- Setting up ----------------------------------------------------------------------------------

static bool set_up(void)
{
    at.requests.handle = side_object(KOZO_TYPE_ENDPOINT, 0);
    at.faults.handle = side_object(KOZO_TYPE_ENDPOINT, 0);
    at.reply.handle = side_object(KOZO_TYPE_REPLY, 0);
    at.there.handle = side_object(KOZO_TYPE_NOTIFICATION, 0);
    at.back.handle = side_object(KOZO_TYPE_NOTIFICATION, 0);
    at.gift.handle = side_object(KOZO_TYPE_ENDPOINT, 0);
    at.arrival.handle = side_slot();
    at.ports.handle = kozo_granted("ports");
    at.extended.handle = side_object(KOZO_TYPE_EXTENDED_STATE, 0);
    return side_make(&at.other, 0, at.faults);
}

static bool measure_plain(void)
{
    return measure(rows, sizeof rows / sizeof rows[0]) == 0 &&
           measure_more(rows_of_one_extended,
                        sizeof rows_of_one_extended / sizeof rows_of_one_extended[0]) == 0;
}

// --- Both sides with extended state ---------------------------------------------------------------

static struct {
    struct kozo_thread thread;
    struct kozo_notification done;
    volatile bool well;
} measurer;

[[noreturn]] static void run_measurer(void)
{
    touch_extended_state();
    measurer.well = measure(rows, sizeof rows / sizeof rows[0]) == 0;
    while (true) {
        (void)kozo_notification_signal(measurer.done);
        (void)kozo_thread_suspend(measurer.thread);
    }
}

// The program's first thread has no extended state: another one measures.
static bool make_measurer(void)
{
    constexpr size_t stack_size = 1 << 14;
    alignas(16) static unsigned char stack[stack_size];
    struct kozo_ipc_buffer *buffer = (struct kozo_ipc_buffer *)KOZO_PROCESS_FREE;
    struct kozo_frame frame = {side_object(KOZO_TYPE_FRAME, PAGE_BITS)};
    struct kozo_address_space space = {kozo_granted("self.space")};
    struct kozo_cnode cnode = {kozo_granted("self.cnode")};
    struct kozo_extended_state state = {side_object(KOZO_TYPE_EXTENDED_STATE, 0)};
    struct kozo_slot mapping = {side_slot()};

    measurer.thread.handle = side_object(KOZO_TYPE_THREAD, 0);
    measurer.done.handle = side_object(KOZO_TYPE_NOTIFICATION, 0);
    if (kozo_frame_map(frame, mapping, space, KOZO_PROCESS_FREE, 0, KOZO_PAGE_SIZE,
                       KOZO_RIGHT_READ | KOZO_RIGHT_WRITE) != KOZO_OK) {
        return false;
    }
    kozo_thread_block_start(buffer);
    return kozo_thread_configure(measurer.thread, cnode, space, frame, 0,
                                 (struct kozo_endpoint){}) == KOZO_OK &&
           kozo_thread_set_priority(measurer.thread, side_priority()) == KOZO_OK &&
           kozo_thread_write_registers(measurer.thread, (uint64_t)run_measurer,
                                       (uint64_t)(stack + stack_size) - sizeof(uint64_t), 0, 0,
                                       KOZO_PROCESS_FREE + KOZO_THREAD_BLOCK) == KOZO_OK &&
           kozo_extended_state_bind(state, measurer.thread) == KOZO_OK;
}

static bool measure_extended(void)
{
    struct kozo_sched_context context = {side_object(KOZO_TYPE_SCHED_CONTEXT, 0)};
    constexpr uint64_t turn = 10'000; // microseconds

    at.all_extended = true;
    return make_measurer() && kozo_extended_state_bind(at.extended, at.other.thread) == KOZO_OK &&
           kozo_sched_control_configure(side_time(0), context, turn, 0) == KOZO_OK &&
           kozo_sched_context_bind(context, measurer.thread) == KOZO_OK &&
           kozo_thread_resume(measurer.thread) == KOZO_OK &&
           kozo_notification_wait(measurer.done).error == KOZO_OK && measurer.well;
}

int main(int argument_count, char **arguments)
{
    bool extended = argument_count > 1 && strcmp(arguments[1], "extended") == 0;

    return set_up() && (extended ? measure_extended() : measure_plain()) ? 0 : 1;
}
