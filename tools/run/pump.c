// SPDX-License-Identifier: MIT
#include "pump.h"

#include <sys/socket.h>
#include <unistd.h>

constexpr size_t PIECE = 32'768;

void pump_begin(struct pump *pump, int from, int to, bool to_socket)
{
    pump->state = PUMP_FLOWS;
    pump->from = from;
    pump->to = to;
    pump->to_socket = to_socket;
    pump->queue.start = 0;
    pump->queue.length = 0;
}

void pump_watch(const struct pump *pump, struct pollfd list[2])
{
    bool open = pump->state == PUMP_FLOWS || pump->state == PUMP_DRAINS;
    bool reading = pump->state == PUMP_FLOWS && queue_room(&pump->queue) > 0;
    list[0] = (struct pollfd){.fd = reading ? pump->from : -1, .events = POLLIN};
    // Without events poll() still tells when the sink has gone.
    list[1] =
        (struct pollfd){.fd = open ? pump->to : -1, .events = pump->queue.length > 0 ? POLLOUT : 0};
}

static size_t take_in(struct pump *pump)
{
    uint8_t bytes[PIECE];
    size_t room = queue_room(&pump->queue);
    size_t length = 0;
    enum transfer done = transfer_read(pump->from, bytes, room < PIECE ? room : PIECE, &length);
    queue_put(&pump->queue, bytes, length);
    if (done == TRANSFER_CLOSED) {
        pump->state = PUMP_DRAINS;
    }
    return length;
}

void pump_gather(struct pump *pump)
{
    while (pump->state == PUMP_FLOWS && queue_room(&pump->queue) > 0 && take_in(pump) > 0) {
    }
}

// Descriptors of the runner's own don't block; the standard ones may.
static enum transfer write_out(struct pump *pump)
{
    return pump->to > STDERR_FILENO ? queue_write_all(&pump->queue, pump->to)
                                    : queue_write(&pump->queue, pump->to);
}

static void lose(struct pump *pump)
{
    pump->state = PUMP_LOST;
    pump->queue.length = 0;
}

size_t pump_take(struct pump *pump, const struct pollfd list[2])
{
    size_t came = 0;
    bool can_write = list[1].fd >= 0 && (list[1].revents & POLLOUT) != 0;
    bool lost = list[1].fd >= 0 && (list[1].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
    if (can_write) {
        lost = write_out(pump) == TRANSFER_CLOSED || lost;
    }
    if (lost) {
        lose(pump);
    }
    // What was gathered since poll() may have left no room.
    if (pump->state == PUMP_FLOWS && list[0].fd >= 0 && queue_room(&pump->queue) > 0 &&
        (list[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
        came = take_in(pump);
    }
    if (pump->state == PUMP_DRAINS && pump->queue.length == 0) {
        pump->state = PUMP_ENDED;
        if (pump->to_socket) {
            (void)shutdown(pump->to, SHUT_WR);
        }
    }
    return came;
}

bool pump_is_busy(const struct pump *pump, const struct pollfd list[2])
{
    bool coming = list[0].fd >= 0 && (list[0].revents & POLLIN) != 0;
    bool open = pump->state == PUMP_FLOWS || pump->state == PUMP_DRAINS;
    return open && (coming || pump->queue.length > 0);
}
