// SPDX-License-Identifier: MIT
// One direction of a stream: bytes from one descriptor to another through a queue, none lost, in
// both the pace of who reads. Nothing here blocks.
//
//   FLOWS ── the source ends ──▶ DRAINS ── the queue is empty ──▶ ENDED, and the sink was told
//     └───── the sink is gone ──▶ LOST: what was left is dropped
#pragma once

#include <poll.h>

#include "queue.h"

enum pump_state : int {
    PUMP_NONE, // there is no such stream
    PUMP_FLOWS,
    PUMP_DRAINS,
    PUMP_ENDED,
    PUMP_LOST,
};

struct pump {
    enum pump_state state;
    int from;
    int to;
    bool to_socket; // its reader is told of the end
    struct queue queue;
};

void pump_begin(struct pump *pump, int from, int to, bool to_socket);

// Takes in what has come until now, as far as there is room.
void pump_gather(struct pump *pump);

// What poll() shall look at: the source, then the sink.
void pump_watch(const struct pump *pump, struct pollfd list[2]);

// Does what can be done now. Gives how many bytes came: they are the last ones of the queue.
size_t pump_take(struct pump *pump, const struct pollfd list[2]);

// Whether bytes wait for the sink, or came and were not read yet.
[[nodiscard]] bool pump_is_busy(const struct pump *pump, const struct pollfd list[2]);
