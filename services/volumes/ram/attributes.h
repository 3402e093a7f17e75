// SPDX-License-Identifier: MIT
// The extended attributes of a node: names with values, as the Volume protocol has them. A value is replaced whole: its
// reader finds the old one or the new one, also when the process ends in between.
#pragma once

#include "layout.h"
#include "serve.h"

// The value, if it fits; `size` is told either way.
[[nodiscard]] enum kozo_error attributes_read(struct ram *ram, const struct ram_node *node,
                                              struct volume_text name, uint8_t *bytes, size_t room,
                                              size_t *size);

// All names with a zero behind each, if they fit. Gives the bytes of them.
[[nodiscard]] size_t attributes_list(struct ram *ram, const struct ram_node *node, uint8_t *bytes,
                                     size_t room);

// Part of a step, which the caller ends, or undoes after an error.
[[nodiscard]] enum kozo_error attributes_set(struct ram *ram, struct ram_node *node,
                                             struct volume_text name, struct volume_text value,
                                             uint64_t way);

// Each in a step of its own: a node may have many.
void attributes_drop_all(struct ram *ram, struct ram_node *node);
