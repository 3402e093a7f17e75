// SPDX-License-Identifier: MIT
// The serial driver: one 16550 port below one session. The stream up goes to the device, what the
// device receives into the stream down; there are no requests.
//
// The streams are all its state, and they outlive it: a driver that is started again goes on where
// the one before stopped. When the stream down is full the device is no longer read, so that a
// sender with flow control waits.
//
// It is given: `ports` (IoPort), `irq` (IrqHandler).
#include <kozo/print.h>
#include <kozo/start.h>

#include "device.h"
#include "server.h"
#include "uart16550.h"

constexpr size_t CLIENT = 0; // the one place on its board

static struct server server;
static struct device device;
static struct kozo_irq_handler irq;

// Hands output to the device, as much as it takes now. The rest is for the interrupt.
static void push_output(void)
{
    char bytes[UART_FIFO_SIZE];
    while (server_peek(&server, CLIENT, bytes, 1) > 0 &&
           (device_read(&device, UART_STATUS) & UART_STATUS_EMPTY) != 0) {
        size_t count = server_read(&server, CLIENT, bytes, sizeof bytes);
        for (size_t i = 0; i < count; i++) {
            device_write(&device, UART_DATA, (uint8_t)bytes[i]);
        }
    }
    device_interrupt(&device, UART_INTERRUPT_EMPTY, server_peek(&server, CLIENT, bytes, 1) > 0);
}

static void pull_input(void)
{
    while (server_room(&server, CLIENT) > 0 &&
           (device_read(&device, UART_STATUS) & UART_STATUS_RECEIVED) != 0) {
        char byte = (char)device_read(&device, UART_DATA);
        (void)server_write(&server, CLIENT, &byte, 1);
    }
    device_interrupt(&device, UART_INTERRUPT_RECEIVED, server_room(&server, CLIENT) > 0);
}

static void work(void)
{
    pull_input();
    push_output();
}

static bool interrupt_is_pending(void)
{
    uint8_t cause = device_read(&device, UART_CAUSE);
    if ((cause & UART_CAUSE_MASK) == UART_CAUSE_MODEM) {
        (void)device_read(&device, UART_MODEM_STATUS);
    }
    return (cause & UART_CAUSE_NONE) == 0;
}

// Serves the device until it has nothing more to tell. The line is edge-triggered: a cause that
// came between the last look and the acknowledgement would be lost, so there is a look after it
// too.
static void interrupted(uint64_t bits)
{
    (void)bits;
    do {
        work();
        (void)kozo_irq_handler_acknowledge(irq);
    } while (interrupt_is_pending());
}

static struct kozo_message serve(struct kozo_caller *caller, const struct kozo_message *message)
{
    (void)caller;
    (void)message;
    return kozo_answer(KOZO_BAD_OPERATION);
}

int main(int argument_count, char **arguments)
{
    static const struct server_handlers handlers = {
        .serve = serve,
        .signalled = interrupted,
        .work = work,
    };
    (void)argument_count;
    (void)arguments;
    irq = (struct kozo_irq_handler){kozo_granted("irq")};
    device.ports = (struct kozo_io_port){kozo_granted("ports")};
    // The range of the capability says where the device is.
    device.base = kozo_cnode_inspect((struct kozo_slot){device.ports.handle}).value & 0xffff;
    if (device_read(&device, UART_STATUS) == 0xff) {
        kozo_print("there is no port at its address\n");
        return 1;
    }
    device_start(&device);
    // An interrupt that the driver before left unanswered is answered now.
    (void)kozo_irq_handler_acknowledge(irq);
    return server_run(&server, &handlers);
}
