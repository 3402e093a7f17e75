// SPDX-License-Identifier: MIT
// The bytes lie in one piece; they move to the front when the room behind them is too small.
#include "queue.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

// A writable pipe takes this much without blocking (PIPE_BUF), even if it was opened to block.
constexpr size_t MOST_AT_ONCE = 4'096;

size_t queue_room(const struct queue *queue)
{
    return QUEUE_SIZE - queue->length;
}

void queue_put(struct queue *queue, const void *bytes, size_t length)
{
    assert(length <= queue_room(queue));
    if (queue->start + queue->length + length > QUEUE_SIZE) {
        memmove(queue->bytes, queue->bytes + queue->start, queue->length);
        queue->start = 0;
    }
    memcpy(queue->bytes + queue->start + queue->length, bytes, length);
    queue->length += length;
}

static enum transfer transfer_failed(void)
{
    bool later = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    return later ? TRANSFER_LATER : TRANSFER_CLOSED;
}

static enum transfer write_piece(struct queue *queue, int descriptor, size_t most)
{
    if (queue->length == 0) {
        return TRANSFER_LATER;
    }
    size_t piece = queue->length < most ? queue->length : most;
    ssize_t written = write(descriptor, queue->bytes + queue->start, piece);
    if (written < 0) {
        return transfer_failed();
    }
    queue->start += (size_t)written;
    queue->length -= (size_t)written;
    if (queue->length == 0) {
        queue->start = 0;
    }
    return TRANSFER_DONE;
}

enum transfer queue_write(struct queue *queue, int descriptor)
{
    return write_piece(queue, descriptor, MOST_AT_ONCE);
}

enum transfer queue_write_all(struct queue *queue, int descriptor)
{
    return write_piece(queue, descriptor, QUEUE_SIZE);
}

enum transfer transfer_read(int descriptor, void *bytes, size_t size, size_t *length)
{
    *length = 0;
    ssize_t count = read(descriptor, bytes, size);
    if (count < 0) {
        return transfer_failed();
    }
    *length = (size_t)count;
    return count == 0 ? TRANSFER_CLOSED : TRANSFER_DONE;
}
