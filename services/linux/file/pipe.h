// SPDX-License-Identifier: MIT
// Pipes and fifos: bytes in the order in which they were written, up to a capacity.
#pragma once

#include "file.h"
#include "node.h"

constexpr size_t PIPE_ATOMIC = 4096; // PIPE_BUF: so many bytes are written in one piece, or not yet

// Both ends of a new pipe, counted once each. 0 or -ENFILE.
[[nodiscard]] int64_t pipe_make(struct file *ends[2], uint32_t flags);

// Opens an end of the pipe of a fifo; waits for the other end unless O_NONBLOCK.
[[nodiscard]] int64_t fifo_open(struct node *node, struct file *file);

// F_GETPIPE_SZ and F_SETPIPE_SZ.
[[nodiscard]] int64_t pipe_size(const struct file *file);
[[nodiscard]] int64_t pipe_set_size(struct file *file, uint32_t size);
