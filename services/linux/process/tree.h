// SPDX-License-Identifier: MIT
// What a program started at the prompt finds in its tree of names. With `--root`, that system; otherwise private RAM with the folders
// that programs expect, and the Linux programs of the initrd. Beside them what was shared with the machine, as /share, /share2 and so on.
#pragma once

#include <stdint.h>

struct caller;

// Makes the tree for the first process, and gives it its root. 0 or an error.
[[nodiscard]] int64_t tree_begin_alone(struct caller *caller);

// The path of a program by its name, as a shell finds it; what has a slash, or is found nowhere, as it is. `sh` may be a busybox.
[[nodiscard]] const char *tree_find_program(const char *name);
