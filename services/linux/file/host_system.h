// SPDX-License-Identifier: MIT
// Files that the file server gives: a place of the host, or of a disk.
#pragma once

#include "node.h"

// The root of a place by its name, counted once; 0 or an error. What is `fixed` changes for nobody while the sandbox runs.
[[nodiscard]] int64_t host_system(const char *place, uint32_t device, bool read_only, bool fixed,
                                  struct node **root);

// Changes the rights of a place; false when there is none of this name.
[[nodiscard]] bool host_system_change(const char *place, bool read_only);

// A place, by the last part of its name, is there no more: no path leads into it.
void host_system_gone(const char *name);

// What a node of a place stands for may have been taken back: it is asked for before it is used again, and its mappings show
// nothing until then. Nothing for other nodes.
void host_node_doubt(struct node *node);

// Gives up a file system that nobody uses, by its root, whose count is dropped.
void host_system_drop(struct node *root);
