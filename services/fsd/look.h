// SPDX-License-Identifier: MIT
// Finding a file by its path from the top, for other requests than those of look.c.
#pragma once

#include "node.h"
#include "operation.h"

// Walks as far as the path goes, through no link, and learns what is known of what is there; `node` is null for the top.
[[nodiscard]] struct kozo_message look_find(const struct kozo_caller *caller, const uint8_t *bytes,
                                            size_t length, struct node **node);
