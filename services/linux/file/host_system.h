// SPDX-License-Identifier: MIT
// Files that the file server gives: a place of the host, or of a disk.
#pragma once

#include "node.h"

// The root of a place by its name, counted once; 0 or an error. What is `fixed` changes for nobody while the sandbox runs.
[[nodiscard]] int64_t host_system(const char *place, uint32_t device, bool read_only, bool fixed,
                                  struct node **root);

// Gives up a file system that nobody uses, by its root, whose count is dropped.
void host_system_drop(struct node *root);
