// SPDX-License-Identifier: MIT
// A running system for targets that enter the kernel: the fuller world of kernel/tests/explore.h,
// put back to its start for each input. After each entry all invariants are checked; a broken one,
// like each failed CHECK, ends the process.
#pragma once

#include "explore.h"
#include "input.h"

// Puts the world back to its start.
void kernel_world_begin(void);

// A number for a handle or an argument: by preference one that means something. `type` is what a
// handle should lead to, NONE for no preference.
uint64_t kernel_world_value(struct input *input, enum kozo_object_type type);

// Fills the current thread's IPC buffer, if it has one, from the input.
void kernel_world_fill_buffer(struct input *input);

// Takes a step, telling it on the standard error when KOZO_TRACE is set.
void kernel_world_step(const struct step *step);

// At the end: everything made from the memory of the start is taken back, and nothing may be left.
void kernel_world_end(void);
