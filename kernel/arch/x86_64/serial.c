// SPDX-License-Identifier: MIT
// Polled output to 16550 serial ports: COM1 for the console, COM2 for crash records.
//
// The kernel sets both up at start. Later COM1 belongs to a driver in user space, which sets it up
// in the same way. A port that is absent, or never ready, costs a bounded wait and then nothing.
// Registers: National Semiconductor PC16550D data sheet, section 8.
#include "x86.h"

#include "arch/arch.h"
#include "instructions.h"

enum serial_register : uint16_t {
    SERIAL_DATA = 0,
    SERIAL_INTERRUPTS = 1,
    SERIAL_FIFO = 2,
    SERIAL_LINE = 3,
    SERIAL_MODEM = 4,
    SERIAL_STATUS = 5,
    SERIAL_SCRATCH = 7,
};

constexpr uint8_t LINE_8N1 = 0x03;
constexpr uint8_t LINE_DIVISOR = 0x80;
constexpr uint8_t FIFO_ON = 0x07;
constexpr uint8_t MODEM_READY = 0x0b; // DTR, RTS, OUT2
constexpr uint8_t STATUS_EMPTY = 0x20;
constexpr uint8_t DIVISOR_115200 = 1;

// At 115200 baud a byte takes 87 µs and reading a port about 1 µs, so this is far more than a byte.
constexpr unsigned WAIT_READS = 20'000;

struct serial {
    uint16_t port;
    bool absent; // nothing answers there, or no longer
};

static struct serial console = {.port = 0x3f8};
static struct serial crash = {.port = 0x2f8};

// A port that is there keeps what is written to its scratch register.
static bool serial_answers(uint16_t port)
{
    outb(port + SERIAL_SCRATCH, 0x5a);
    if (inb(port + SERIAL_SCRATCH) != 0x5a) {
        return false;
    }
    outb(port + SERIAL_SCRATCH, 0xa5);
    return inb(port + SERIAL_SCRATCH) == 0xa5;
}

static void serial_prepare(struct serial *serial)
{
    serial->absent = !serial_answers(serial->port);
    if (serial->absent) {
        return;
    }
    outb(serial->port + SERIAL_INTERRUPTS, 0);
    outb(serial->port + SERIAL_LINE, LINE_DIVISOR);
    outb(serial->port + SERIAL_DATA, DIVISOR_115200);
    outb(serial->port + SERIAL_INTERRUPTS, 0);
    outb(serial->port + SERIAL_LINE, LINE_8N1);
    outb(serial->port + SERIAL_FIFO, FIFO_ON);
    outb(serial->port + SERIAL_MODEM, MODEM_READY);
}

static void serial_put(struct serial *serial, char character)
{
    for (unsigned i = 0; !serial->absent && i < WAIT_READS; i++) {
        if ((inb(serial->port + SERIAL_STATUS) & STATUS_EMPTY) != 0) {
            outb(serial->port + SERIAL_DATA, (uint8_t)character);
            return;
        }
    }
    serial->absent = true;
}

void serial_start(void)
{
    serial_prepare(&console);
    serial_prepare(&crash);
}

void arch_console_put(char character)
{
    serial_put(&console, character);
}

void arch_crash_put(char character)
{
    serial_put(&crash, character);
}
