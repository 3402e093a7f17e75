// SPDX-License-Identifier: MIT
// What is to happen at a time of the monotonic clock. All share one timer of the kernel, which is set to the earliest.
#pragma once

#include "tree.h"

// A place in a structure; all zero is not set. `due` is filled in by its owner, and called from the loop, on no
// thread's behalf: it must not wait, and may set the deadline anew.
struct deadline {
    struct tree_node node; // key: nanoseconds
    void (*due)(struct deadline *deadline);
    bool set;
};

void deadline_set(struct deadline *deadline, uint64_t nanoseconds);
void deadline_clear(struct deadline *deadline);

// The loop's part: calls what is due by now.
void deadlines_look(void);
