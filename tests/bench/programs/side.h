// SPDX-License-Identifier: MIT
// The other side of a measurement: a thread in an address space of its own, with time of its own. It
// shows the same image, stacks and IPC buffers apart, and its handles lead into the same CNode; so it
// runs functions of this very program, which share their data.
#pragma once

#include <kozo/process.h>
#include <kozo/start.h>

struct side {
    struct kozo_thread thread;
    struct kozo_sched_context context;
};

// What it runs. It does not come back.
typedef void side_run(uint64_t argument, struct kozo_ipc_buffer *buffer);

// A new object in a slot of its own; 0 when there is no memory for it.
[[nodiscard]] uint64_t side_object(enum kozo_object_type type, uint64_t size);

// An empty slot.
[[nodiscard]] uint64_t side_slot(void);

// The priority of the program.
[[nodiscard]] uint64_t side_priority(void);

// The time of a processor; 0 when it was not granted.
[[nodiscard]] struct kozo_sched_control side_time(unsigned processor);

// Makes one, of the program's own priority, on the time of a processor, not started yet.
[[nodiscard]] bool side_make(struct side *side, unsigned processor, struct kozo_endpoint faults);

// Starts it, or starts it anew, with its own time.
[[nodiscard]] bool side_start(const struct side *side, side_run *run, uint64_t argument);
