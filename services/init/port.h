// SPDX-License-Identifier: MIT
// A serial port used by polling, through init's capability for all I/O ports: the console when
// there is no driver, and the control channel of the runner.
#pragma once

#include <stddef.h>
#include <stdint.h>

constexpr uint16_t PORT_CONSOLE = 0x3f8;
constexpr uint16_t PORT_CONTROL = 0x3e8;

// Says how many ticks a second has, for the patience of port_write.
void port_clock(uint64_t frequency);

// Whether a 16550 answers there.
[[nodiscard]] bool port_is_there(uint16_t base);

// Sets 115,200 8N1, without interrupts.
void port_start(uint16_t base);

// Writes all bytes. A device that takes none for a long time loses them.
void port_write(uint16_t base, const char *bytes, size_t length);

// Waits until the last byte has left the device.
void port_drain(uint16_t base);

// The next byte that was received, or -1.
[[nodiscard]] int port_read(uint16_t base);

// One byte to or from any I/O port, also wider ones.
uint32_t port_in(uint16_t port, unsigned width);
void port_out(uint16_t port, unsigned width, uint32_t value);
