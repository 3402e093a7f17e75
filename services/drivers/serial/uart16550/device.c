// SPDX-License-Identifier: MIT
// A port that can't be used reads as all ones, like a port without a device.
#include "device.h"

#include "uart16550.h"

uint8_t device_read(const struct device *device, uint16_t offset)
{
    struct kozo_io_port_read_result result =
        kozo_io_port_read(device->ports, device->base + offset, 1);
    return result.error == KOZO_OK ? (uint8_t)result.value : 0xff;
}

void device_write(const struct device *device, uint16_t offset, uint8_t value)
{
    (void)kozo_io_port_write(device->ports, device->base + offset, 1, value);
}

void device_start(struct device *device)
{
    device_write(device, UART_INTERRUPTS, 0);
    device_write(device, UART_LINE, UART_LINE_DIVISOR | UART_LINE_8N1);
    device_write(device, UART_DATA, UART_DIVISOR_115200);
    device_write(device, UART_INTERRUPTS, 0);
    device_write(device, UART_LINE, UART_LINE_8N1);
    // Neither FIFO is cleared: what a person typed early is kept.
    device_write(device, UART_FIFO, UART_FIFO_ON);
    device_write(device, UART_MODEM, UART_MODEM_READY | UART_MODEM_INTERRUPT);
    device->interrupts = UART_INTERRUPT_RECEIVED;
    device_write(device, UART_INTERRUPTS, device->interrupts);
}

void device_interrupt(struct device *device, uint8_t interrupt, bool on)
{
    uint8_t wanted = on ? device->interrupts | interrupt : device->interrupts & (uint8_t)~interrupt;
    if (wanted == device->interrupts) {
        return;
    }
    device->interrupts = wanted;
    device_write(device, UART_INTERRUPTS, wanted);
}
