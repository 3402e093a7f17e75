// SPDX-License-Identifier: MIT
// A console device for tests. It reads and writes the shared memory by the layout of the
// specification (section 2.7), not by the driver's code, and does just what a test tells it to.
#pragma once

#include "ports.h"

constexpr uint64_t DEVICE_PHYSICAL = 0x1'0000'0000;

// The queues of the device by their numbers.
constexpr uint16_t DEVICE_CONTROL_IN = 2; // to the driver
constexpr uint16_t DEVICE_CONTROL_OUT = 3;

[[nodiscard]] uint16_t device_in(size_t port);
[[nodiscard]] uint16_t device_out(size_t port);

// Starts the driver on the device, which has so many ports.
void device_start(struct ports *ports, size_t count);

// A buffer that the driver has given. bytes is null when there is none.
struct device_buffer {
    uint8_t *bytes;
    uint32_t length;
    uint32_t head;
    bool writable;
};

// The next buffer of a queue that was not taken yet.
[[nodiscard]] struct device_buffer device_next(uint16_t queue);

// Gives a buffer back, as one into which so many bytes were written.
void device_done(uint16_t queue, uint32_t head, uint32_t written);

// Any change of the part of a queue that the device writes: for lies.
void device_lie(uint16_t queue, uint16_t index, uint32_t head, uint32_t written);

// Sends a message to the driver, as far as it fits a buffer. False: the driver has given none.
[[nodiscard]] bool device_tell(uint32_t port, uint16_t event, uint16_t value, const char *name);

// Sends contents to the driver, in one buffer.
[[nodiscard]] bool device_send(size_t port, const void *bytes, size_t length);

// Takes all messages of the driver and gives their buffers back. Gives how many; the last ones are in
// device_message.
size_t device_listen(void);

struct device_message {
    uint32_t port;
    uint16_t event;
    uint16_t value;
};
constexpr size_t DEVICE_MESSAGES = 64;
extern struct device_message device_message[DEVICE_MESSAGES];
