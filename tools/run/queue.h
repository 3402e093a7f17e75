// SPDX-License-Identifier: MIT
// Bytes on their way from one descriptor to another. A queue has a fixed size and never drops a
// byte: who fills it asks first how much room there is, and reads no more than that. So a slow
// reader at the one end slows the writer at the other, as in a pipe.
#pragma once

#include <stddef.h>
#include <stdint.h>

constexpr size_t QUEUE_SIZE = 65'536;

struct queue {
    size_t start;
    size_t length;
    uint8_t bytes[QUEUE_SIZE];
};

// How a transfer ended. Interrupted calls and full buffers are TRANSFER_LATER.
enum transfer : int {
    TRANSFER_DONE,   // at least one byte moved
    TRANSFER_LATER,  // nothing can move now
    TRANSFER_CLOSED, // the other side is gone, for good
};

size_t queue_room(const struct queue *queue);

// Adds bytes; length is at most queue_room().
void queue_put(struct queue *queue, const void *bytes, size_t length);

// Writes what the queue holds to a descriptor that is ready, and keeps what wasn't taken. So little at
// once that even a pipe that blocks takes it.
[[nodiscard]] enum transfer queue_write(struct queue *queue, int descriptor);

// The same for a descriptor that doesn't block: all of it.
[[nodiscard]] enum transfer queue_write_all(struct queue *queue, int descriptor);

// Reads at most size bytes from a descriptor. *length says how many came.
[[nodiscard]] enum transfer transfer_read(int descriptor, void *bytes, size_t size, size_t *length);
