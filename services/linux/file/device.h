// SPDX-License-Identifier: MIT
// Devices, by their numbers: what a node that stands for one opens.
#pragma once

#include "file.h"
#include "node.h"

[[nodiscard]] int64_t device_open(struct node *node, struct file *file);
