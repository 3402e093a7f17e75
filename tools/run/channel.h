// SPDX-License-Identifier: MIT
// The channels between a machine and its runner beside the serial ports: ports of one virtio console,
// each a socket pair, known to KOZO by name. A run has those that it needs.
#pragma once

enum channel : int {
    CHANNEL_CONTROL, // what to run, and how it went (docs/control.md)
    CHANNEL_STDIN,   // bytes for the program's standard input
    CHANNEL_STDOUT,
    CHANNEL_STDERR,
    CHANNEL_TTY,   // the terminal, both ways
    CHANNEL_FILES, // 9P, for the file server
    CHANNELS,
};

// What QEMU calls its device: this, and the name.
#define CHANNEL_DEVICE "port."

// A set of channels: the sum of these.
static inline unsigned channel_bit(enum channel channel)
{
    return 1U << channel;
}

constexpr unsigned CHANNELS_ALL = (1U << CHANNELS) - 1;

// What KOZO calls it.
[[nodiscard]] const char *channel_name(enum channel channel);
