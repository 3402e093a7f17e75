// SPDX-License-Identifier: MIT
// The tree of names that a program started at the prompt sees: RAM, with the folders that programs expect, and the Linux programs of
// the initrd.
#pragma once

#include <stdint.h>

// Makes the top of the tree. 0 or -ENOMEM. No thread is needed.
[[nodiscard]] int64_t tree_start(void);
// Fills it, on behalf of the first thread.
[[nodiscard]] int64_t tree_fill(void);
