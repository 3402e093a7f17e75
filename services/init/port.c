// SPDX-License-Identifier: MIT
#include "port.h"

#include <kozo/stubs.h>

#include "uart16550.h"

constexpr struct kozo_io_port ALL_PORTS = {KOZO_BOOT_SLOT_IO_PORT};
constexpr unsigned PATIENCE = 100'000; // looks at the status before a byte is given up

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

static bool wait_until_empty(uint16_t base)
{
    for (unsigned i = 0; i < PATIENCE; i++) {
        if ((read_register(base, UART_STATUS) & UART_STATUS_EMPTY) != 0) {
            return true;
        }
    }
    return false;
}

void port_write(uint16_t base, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (i % UART_FIFO_SIZE == 0 && !wait_until_empty(base)) {
            return;
        }
        write_register(base, UART_DATA, (uint8_t)bytes[i]);
    }
}

int port_read(uint16_t base)
{
    uint8_t status = read_register(base, UART_STATUS);
    if ((status & UART_STATUS_RECEIVED) == 0 || status == 0xff) {
        return -1;
    }
    return read_register(base, UART_DATA);
}
