// SPDX-License-Identifier: MIT
#include "port.h"

#include <kozo/machine.h>
#include <kozo/stubs.h>

#include "uart16550.h"

constexpr struct kozo_io_port ALL_PORTS = {KOZO_BOOT_SLOT_IO_PORT};
constexpr unsigned PATIENCE = 5; // seconds until a device that takes no byte is given up
constexpr unsigned LOOKS = 16;   // at the status, before leaving the device alone for a moment
constexpr unsigned MOMENT = 2000;

static uint64_t tsc_frequency;

void port_clock(uint64_t frequency)
{
    tsc_frequency = frequency;
}

uint32_t port_in(uint16_t port, unsigned width)
{
    struct kozo_io_port_read_result result = kozo_io_port_read(ALL_PORTS, port, width);
    return result.error == KOZO_OK ? (uint32_t)result.value : UINT32_MAX;
}

void port_out(uint16_t port, unsigned width, uint32_t value)
{
    (void)kozo_io_port_write(ALL_PORTS, port, width, value);
}

static uint8_t read_register(uint16_t base, uint16_t offset)
{
    return (uint8_t)port_in(base + offset, 1);
}

static void write_register(uint16_t base, uint16_t offset, uint8_t value)
{
    port_out(base + offset, 1, value);
}

bool port_is_there(uint16_t base)
{
    write_register(base, UART_SCRATCH, 0x4b);
    if (read_register(base, UART_SCRATCH) != 0x4b) {
        return false;
    }
    write_register(base, UART_SCRATCH, 0xb4);
    return read_register(base, UART_SCRATCH) == 0xb4;
}

void port_start(uint16_t base)
{
    write_register(base, UART_INTERRUPTS, 0);
    write_register(base, UART_LINE, UART_LINE_DIVISOR | UART_LINE_8N1);
    write_register(base, UART_DATA, UART_DIVISOR_115200);
    write_register(base, UART_INTERRUPTS, 0);
    write_register(base, UART_LINE, UART_LINE_8N1);
    write_register(base, UART_FIFO, UART_FIFO_ON);
    write_register(base, UART_MODEM, UART_MODEM_READY);
}

static bool is_in_state(uint16_t base, uint8_t state)
{
    for (unsigned i = 0; i < LOOKS; i++) {
        if ((read_register(base, UART_STATUS) & state) != 0) {
            return true;
        }
    }
    return false;
}

// Between looks there is a pause without any: an emulated device is served by the thread that
// looking keeps busy.
static bool wait_until(uint16_t base, uint8_t state)
{
    uint64_t start = kozo_ticks();
    while (!is_in_state(base, state)) {
        if (kozo_ticks() - start > PATIENCE * tsc_frequency) {
            return false;
        }
        for (volatile unsigned i = 0; i < MOMENT; i++) {
        }
    }
    return true;
}

void port_write(uint16_t base, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (i % UART_FIFO_SIZE == 0 && !wait_until(base, UART_STATUS_EMPTY)) {
            return;
        }
        write_register(base, UART_DATA, (uint8_t)bytes[i]);
    }
}

void port_drain(uint16_t base)
{
    (void)wait_until(base, UART_STATUS_IDLE);
}

int port_read(uint16_t base)
{
    uint8_t status = read_register(base, UART_STATUS);
    if ((status & UART_STATUS_RECEIVED) == 0 || status == 0xff) {
        return -1;
    }
    return read_register(base, UART_DATA);
}
