// SPDX-License-Identifier: MIT
// What a program started at the prompt finds in its tree of names: the folders that programs expect, and the Linux programs of
// the initrd.
#pragma once

#include <stdint.h>

// Fills the tree, on behalf of the first thread.
[[nodiscard]] int64_t tree_fill(void);
