// SPDX-License-Identifier: MIT
// The serial driver: serves the Console protocol on one 16550 port, by interrupts.
//
// One thread and one receive for everything: its notification is bound to it, so the interrupt
// comes as a signal beside the requests. It holds three Replies. One receives; a write whose text
// is still on its way keeps one until the last byte is with the device, and a read_line keeps one
// until a person has ended the line.
//
// Input that nobody reads yet waits in a queue, but for Ctrl-C, which goes to the watcher and
// empties the queue. When it is full the device is no longer read, so that a sender with flow
// control waits.
//
// It is given: `service` (Endpoint), `reply0` to `reply2`, `ports` (IoPort), `irq` (IrqHandler).
// The badges of its clients are from FIRST_CLIENT on; smaller ones are signals.
#include <kozo/protocol.h>
#include <kozo/start.h>

#include "device.h"
#include "line.h"
#include "ring.h"
#include "uart16550.h"

constexpr uint8_t CONTROL_C = 0x03;
constexpr uint64_t FIRST_CLIENT = 1ul << 32;

struct server {
    struct device device;
    struct kozo_irq_handler irq;
    struct kozo_endpoint service;
    struct kozo_reply spare[3]; // Replies that hold no call
    size_t spares;
    struct kozo_reply writer; // handle 0: nobody waits
    struct kozo_reply reader;
    struct ring output;
    struct ring input;
    struct kozo_slot arrival; // where a capability in a message arrives; empty between messages
    struct kozo_slot watcher; // who is told about Ctrl-C; may be empty
    struct line line;
};

static struct server server;

static struct kozo_reply take_reply(void)
{
    return server.spare[--server.spares];
}

static void answer(struct kozo_reply *reply, struct kozo_message message)
{
    // A caller that has gone is no error of the driver.
    (void)kozo_reply_reply(*reply, message);
    server.spare[server.spares++] = *reply;
    *reply = (struct kozo_reply){};
}

// Hands waiting output to the device, as much as it takes now. The rest is for the interrupt.
static void push_output(void)
{
    while (server.output.count > 0 &&
           (device_read(&server.device, UART_STATUS) & UART_STATUS_EMPTY) != 0) {
        for (uint32_t i = 0; i < UART_FIFO_SIZE && server.output.count > 0; i++) {
            device_write(&server.device, UART_DATA, ring_take(&server.output));
        }
    }
    device_interrupt(&server.device, UART_INTERRUPT_EMPTY, server.output.count > 0);
    if (server.output.count == 0 && server.writer.handle != 0) {
        answer(&server.writer, kozo_answer(KOZO_OK));
    }
}

// What the line editor shows. When there is no room it is lost, as on a terminal that is off.
static void show(void *context, const char *bytes, size_t length)
{
    (void)context;
    for (size_t i = 0; i < length; i++) {
        (void)ring_put(&server.output, (uint8_t)bytes[i]);
    }
}

static void end_line(enum kozo_line_end end)
{
    size_t length = end == KOZO_LINE_ENTER ? server.line.length : 0;
    answer(&server.reader, kozo_console_read_line_answer(end, server.line.text, length));
}

static void feed_line(uint8_t byte)
{
    switch (line_feed(&server.line, byte)) {
    case LINE_ENTERED:
        end_line(KOZO_LINE_ENTER);
        return;
    case LINE_GIVEN_UP:
        end_line(KOZO_LINE_INTERRUPT);
        return;
    case LINE_CLOSED:
        end_line(KOZO_LINE_CLOSED);
        return;
    case LINE_MORE:
        return;
    }
}

// Takes a byte from the device.
static void take_input(uint8_t byte)
{
    if (server.reader.handle != 0) {
        feed_line(byte);
        return;
    }
    if (byte != CONTROL_C) {
        (void)ring_put(&server.input, byte);
        return;
    }
    ring_clear(&server.input);
    // Without a watcher this is refused, and nobody is told.
    (void)kozo_notification_signal((struct kozo_notification){server.watcher.handle});
}

static void pull_input(void)
{
    while (ring_room(&server.input) > 0 &&
           (device_read(&server.device, UART_STATUS) & UART_STATUS_RECEIVED) != 0) {
        take_input(device_read(&server.device, UART_DATA));
    }
    device_interrupt(&server.device, UART_INTERRUPT_RECEIVED, ring_room(&server.input) > 0);
}

static bool interrupt_is_pending(void)
{
    uint8_t cause = device_read(&server.device, UART_CAUSE);
    if ((cause & UART_CAUSE_MASK) == UART_CAUSE_MODEM) {
        (void)device_read(&server.device, UART_MODEM_STATUS);
    }
    return (cause & UART_CAUSE_NONE) == 0;
}

// Serves the device until it has nothing more to tell. The line is edge-triggered: a cause that
// came between the last look and the acknowledgement would be lost, so there is a look after it
// too.
static void serve_interrupt(void)
{
    do {
        pull_input();
        push_output();
        (void)kozo_irq_handler_acknowledge(server.irq);
    } while (interrupt_is_pending());
}

static void queue_text(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n') {
            (void)ring_put(&server.output, '\r');
        }
        (void)ring_put(&server.output, (uint8_t)text[i]);
    }
}

// A request either is answered at once, or keeps the Reply and is answered later.
static void serve_write(struct kozo_reply *reply, const struct kozo_message *message)
{
    struct kozo_console_write_arguments arguments = kozo_console_write_arguments(message);
    if (arguments.error != KOZO_OK) {
        answer(reply, kozo_answer(arguments.error));
        return;
    }
    if (server.writer.handle != 0 || ring_room(&server.output) < 2 * arguments.text_length) {
        answer(reply, kozo_answer(KOZO_WOULD_BLOCK));
        return;
    }
    queue_text(arguments.text, arguments.text_length);
    server.writer = *reply;
    push_output();
}

static void serve_read_line(struct kozo_reply *reply, const struct kozo_message *message)
{
    struct kozo_console_read_line_arguments arguments = kozo_console_read_line_arguments(message);
    if (arguments.error != KOZO_OK) {
        answer(reply, kozo_answer(arguments.error));
        return;
    }
    if (server.reader.handle != 0) {
        answer(reply, kozo_answer(KOZO_BAD_STATE));
        return;
    }
    server.reader = *reply;
    line_begin(&server.line, arguments.prompt, arguments.prompt_length);
    while (server.reader.handle != 0 && server.input.count > 0) {
        feed_line(ring_take(&server.input));
    }
    pull_input();
    push_output();
}

// The latest watcher takes the place of the one before.
static void serve_watch(struct kozo_reply *reply, const struct kozo_message *message)
{
    struct kozo_console_watch_arguments arguments = kozo_console_watch_arguments(message);
    enum kozo_error error = arguments.error;
    if (error == KOZO_OK) {
        error = kozo_cnode_delete(server.watcher);
    }
    if (error == KOZO_OK) {
        error = kozo_cnode_move(server.arrival, server.watcher);
    }
    answer(reply, kozo_answer(error));
}

static void serve(struct kozo_reply reply, const struct kozo_message *message)
{
    switch (message->info.label) {
    case KOZO_CONSOLE_WRITE:
        serve_write(&reply, message);
        return;
    case KOZO_CONSOLE_READ_LINE:
        serve_read_line(&reply, message);
        return;
    case KOZO_CONSOLE_WATCH:
        serve_watch(&reply, message);
        return;
    default:
        answer(&reply, kozo_answer(KOZO_BAD_OPERATION));
        return;
    }
}

static void name_arrival(void)
{
    kozo_ipc_buffer()->receive_slot = server.arrival.handle;
    kozo_ipc_buffer()->receive_count = 1;
}

static void start(void)
{
    server.service = (struct kozo_endpoint){kozo_granted("service")};
    server.spare[0] = (struct kozo_reply){kozo_granted("reply0")};
    server.spare[1] = (struct kozo_reply){kozo_granted("reply1")};
    server.spare[2] = (struct kozo_reply){kozo_granted("reply2")};
    server.spares = 3;
    server.irq = (struct kozo_irq_handler){kozo_granted("irq")};
    server.arrival = (struct kozo_slot){kozo_process_info()->free_slot};
    server.watcher = (struct kozo_slot){kozo_process_info()->free_slot + 1};
    server.device.ports = (struct kozo_io_port){kozo_granted("ports")};
    // The range of the capability says where the device is.
    server.device.base =
        kozo_cnode_inspect((struct kozo_slot){server.device.ports.handle}).value & 0xffff;
    line_start(&server.line, show, nullptr);
    name_arrival();
    device_start(&server.device);
    serve_interrupt();
}

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    start();
    while (true) {
        struct kozo_reply reply = take_reply();
        struct kozo_received received = kozo_endpoint_recv(server.service, reply);
        if (received.error != KOZO_OK) {
            return 1;
        }
        if (received.badge < FIRST_CLIENT) {
            server.spare[server.spares++] = reply;
            serve_interrupt();
            continue;
        }
        serve(reply, &received.message);
        // What else came along is of no use here.
        if (received.message.info.arrived > 0) {
            (void)kozo_cnode_delete(server.arrival);
        }
    }
}
