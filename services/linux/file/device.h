// SPDX-License-Identifier: MIT
// Devices, by their numbers: what a node that stands for one opens.
#pragma once

#include "file.h"
#include "node.h"

// /dev/kozo: a major number that Linux leaves for local use (Documentation/admin-guide/devices.txt).
constexpr uint32_t DEVICE_OF_KOZO = 60;
constexpr uint32_t DEVICE_QUERY = 1; // its minor number of /dev/kozo-permissions

[[nodiscard]] int64_t device_open(struct node *node, struct file *file);
