// SPDX-License-Identifier: MIT
// Measures messages, signals and faults between two address spaces: `./kozo bench ipc`.
//
// The other side is a thread in an address space of its own, made here. It shows the same image,
// stacks and IPC buffers apart, and its handles lead into the same CNode. Each row that needs it
// starts it anew in a function of its own, and both sides have the same priority.
#include <kozo/machine.h>
#include <kozo/protocol.h>
#include <kozo/start.h>
#include <kozo/stubs.h>
#include <kozo/thread_block.h>

#include "measure.h"

constexpr uint64_t BUDGET = 10'000; // microseconds
constexpr uint64_t TABLES = 16;     // log2 of the bytes for the other side's page tables
constexpr uint64_t BUFFER_AND_STACK = 16;
constexpr uint64_t STACK_SIZE = (1ul << BUFFER_AND_STACK) - KOZO_PAGE_SIZE;
constexpr uint64_t NOWHERE = KOZO_PAGE_SIZE; // never mapped
constexpr uint32_t READ_WRITE = KOZO_RIGHT_READ | KOZO_RIGHT_WRITE;

// From the linker: first byte of the image, first after its code, first after all of it.
extern const char __ehdr_start[];
extern const char etext[];
extern const char end[];

static struct {
    struct kozo_endpoint requests, faults;
    struct kozo_reply reply;
    struct kozo_notification there, back;
    struct kozo_thread other;
    struct kozo_sched_context context;
    struct kozo_slot gift, arrival;
    struct kozo_extended_state extended;
    struct kozo_io_port ports;
} at;

// --- The other side ------------------------------------------------------------------------------

typedef void side(uint64_t argument, struct kozo_ipc_buffer *buffer);

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

// Starts it, and lets it run until it waits.
static enum kozo_error start_other(side *function, uint64_t argument)
{
    constexpr uint64_t pushed = 8; // as if it had been called

    (void)kozo_thread_suspend(at.other);
    (void)kozo_sched_context_unbind(at.context);
    return measure_done(
        kozo_thread_write_registers(at.other, (uint64_t)function, KOZO_PROCESS_STACK_TOP - pushed,
                                    argument, KOZO_PROCESS_BUFFER,
                                    KOZO_PROCESS_BUFFER + KOZO_THREAD_BLOCK) == KOZO_OK &&
        kozo_sched_context_bind(at.context, at.other) == KOZO_OK &&
        kozo_thread_resume(at.other) == KOZO_OK && kozo_kernel_yield() == KOZO_OK);
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
    return error == KOZO_OK ? kozo_sched_context_unbind(at.context) : error;
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
    (void)kozo_thread_suspend(at.other);
    if (kozo_thread_set_foreign(at.other, true, 0, 0, 0) != KOZO_OK) {
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

static enum kozo_error give_extended_state(void)
{
    (void)kozo_thread_suspend(at.other);
    return kozo_extended_state_bind(at.extended, at.other);
}

static enum kozo_error start_foreign_extended(void)
{
    enum kozo_error error = give_extended_state();
    return error == KOZO_OK ? start_foreign() : error;
}

static enum kozo_error start_echo_extended(void)
{
    (void)kozo_thread_suspend(at.other);
    if (kozo_thread_set_foreign(at.other, false, 0, 0, 0) != KOZO_OK) {
        return KOZO_BAD_STATE;
    }
    return start_echo(0);
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
    struct kozo_thread_info_result self =
        kozo_thread_info((struct kozo_thread){kozo_granted("self.thread")});
    enum kozo_error error = kozo_thread_set_priority(at.other, self.priority - 1);
    return error == KOZO_OK ? start_other(raise_interrupt, 0) : error;
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
    {"foreign-extended", MEASURE_ROUNDS, 1, start_foreign_extended, nullptr, next_foreign_call,
     nullptr},
    {"call-extended", MEASURE_ROUNDS, 1, start_echo_extended, nullptr, call_0, nullptr},
    {"interrupt", MEASURE_ROUNDS, 1, start_interrupts, ready_for_interrupt, wait_for_interrupt,
     nullptr},
};

// --- Setting up ----------------------------------------------------------------------------------

static uint64_t free_slot;

// A new object in a slot of its own; 0 when there is no memory for it.
static uint64_t make(enum kozo_object_type type, uint64_t size)
{
    struct kozo_untyped memory = {kozo_granted("memory")};
    struct kozo_slot slot = {free_slot++};
    return kozo_untyped_retype(memory, type, size, slot, 1) == KOZO_OK ? slot.handle : 0;
}

static bool map(uint64_t frame, struct kozo_address_space space, uint64_t address, uint64_t offset,
                uint64_t length, uint32_t rights)
{
    struct kozo_slot mapping = {free_slot++};
    return kozo_frame_map((struct kozo_frame){frame}, mapping, space, address, offset, length,
                          rights) == KOZO_OK;
}

// The image lies at the start of the program's own Frame, in order.
static bool map_image(struct kozo_address_space space)
{
    constexpr uint64_t mask = KOZO_PAGE_SIZE - 1;
    uint64_t frame = kozo_granted("self.frame");
    uint64_t first = (uint64_t)__ehdr_start;
    uint64_t code = (((uint64_t)etext + mask) & ~mask) - first;
    uint64_t all = (((uint64_t)end + mask) & ~mask) - first;

    return map(frame, space, first, 0, code, KOZO_RIGHT_READ | KOZO_RIGHT_EXECUTE) &&
           map(frame, space, first + code, code, all - code, READ_WRITE);
}

static bool make_space(struct kozo_address_space space, uint64_t frame)
{
    struct kozo_pool pool = {make(KOZO_TYPE_POOL, 0)};
    struct kozo_untyped tables = {make(KOZO_TYPE_UNTYPED, TABLES)};

    return kozo_pool_donate(pool, tables) == KOZO_OK && kozo_pool_attach(pool, space) == KOZO_OK &&
           map_image(space) &&
           map(frame, space, KOZO_PROCESS_BUFFER, 0, KOZO_PAGE_SIZE, READ_WRITE) &&
           map(frame, space, KOZO_PROCESS_STACK_TOP - STACK_SIZE, KOZO_PAGE_SIZE, STACK_SIZE,
               READ_WRITE);
}

static bool make_other(void)
{
    struct kozo_address_space space = {make(KOZO_TYPE_ADDRESS_SPACE, 0)};
    struct kozo_frame frame = {make(KOZO_TYPE_FRAME, BUFFER_AND_STACK)};
    struct kozo_cnode cnode = {kozo_granted("self.cnode")};
    struct kozo_sched_control time = {kozo_granted("time")};
    struct kozo_thread_info_result self =
        kozo_thread_info((struct kozo_thread){kozo_granted("self.thread")});

    return make_space(space, frame.handle) &&
           kozo_thread_configure(at.other, cnode, space, frame, 0, at.faults) == KOZO_OK &&
           kozo_thread_set_priority(at.other, self.priority) == KOZO_OK &&
           kozo_sched_control_configure(time, at.context, BUDGET, 0) == KOZO_OK;
}

static bool set_up(void)
{
    free_slot = kozo_process_info()->free_slot;
    at.requests.handle = make(KOZO_TYPE_ENDPOINT, 0);
    at.faults.handle = make(KOZO_TYPE_ENDPOINT, 0);
    at.reply.handle = make(KOZO_TYPE_REPLY, 0);
    at.there.handle = make(KOZO_TYPE_NOTIFICATION, 0);
    at.back.handle = make(KOZO_TYPE_NOTIFICATION, 0);
    at.other.handle = make(KOZO_TYPE_THREAD, 0);
    at.context.handle = make(KOZO_TYPE_SCHED_CONTEXT, 0);
    at.gift.handle = make(KOZO_TYPE_ENDPOINT, 0);
    at.arrival.handle = free_slot++;
    at.ports.handle = kozo_granted("ports");
    at.extended.handle = make(KOZO_TYPE_EXTENDED_STATE, 0);
    return make_other();
}

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    return set_up() && measure(rows, sizeof rows / sizeof rows[0]) == 0 ? 0 : 1;
}
