// SPDX-License-Identifier: MIT
// Registers of the 16550 serial port, as offsets from its first I/O port, and their bits. Source:
// the data sheet "PC16550D Universal Asynchronous Receiver/Transmitter with FIFOs", section 8.
#pragma once

#include <stdint.h>

constexpr uint16_t UART_DATA = 0;       // receive and transmit; divisor low with UART_LINE_DIVISOR
constexpr uint16_t UART_INTERRUPTS = 1; // enabled interrupts; divisor high
constexpr uint16_t UART_CAUSE = 2;      // read: why it interrupts
constexpr uint16_t UART_FIFO = 2;       // write: FIFO control
constexpr uint16_t UART_LINE = 3;       // format of characters
constexpr uint16_t UART_MODEM = 4;      // modem control
constexpr uint16_t UART_STATUS = 5;     // line status
constexpr uint16_t UART_MODEM_STATUS = 6;
constexpr uint16_t UART_SCRATCH = 7; // keeps what was written

constexpr uint8_t UART_INTERRUPT_RECEIVED = 1 << 0;
constexpr uint8_t UART_INTERRUPT_EMPTY = 1 << 1;

constexpr uint8_t UART_CAUSE_NONE = 1 << 0;
constexpr uint8_t UART_CAUSE_MASK = 0x0e;
constexpr uint8_t UART_CAUSE_MODEM = 0x00;
constexpr uint8_t UART_CAUSE_EMPTY = 0x02;
constexpr uint8_t UART_CAUSE_RECEIVED = 0x04;
constexpr uint8_t UART_CAUSE_LINE = 0x06;
constexpr uint8_t UART_CAUSE_TIMEOUT = 0x0c;

constexpr uint8_t UART_FIFO_ON = 1 << 0; // one byte received is enough for an interrupt

constexpr uint8_t UART_LINE_8N1 = 0x03;
constexpr uint8_t UART_LINE_DIVISOR = 1 << 7;

constexpr uint8_t UART_MODEM_READY = 0x03;     // DTR and RTS
constexpr uint8_t UART_MODEM_INTERRUPT = 0x08; // OUT2 connects the interrupt line on a PC

constexpr uint8_t UART_STATUS_RECEIVED = 1 << 0;
constexpr uint8_t UART_STATUS_EMPTY = 1 << 5; // the transmit FIFO is empty
constexpr uint8_t UART_STATUS_IDLE = 1 << 6;  // so is the shift register: the last bit has left

constexpr uint32_t UART_FIFO_SIZE = 16;
constexpr uint16_t UART_PORTS = 8;
constexpr uint16_t UART_DIVISOR_115200 = 1;
