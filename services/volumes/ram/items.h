// SPDX-License-Identifier: MIT
// The parts that a RAM volume is made of: pages of contents, nodes, and entries of folders, each
// found by hash and kept in lists. Every change is part of the current step. What takes memory gives
// null or 0 when there is none; the caller then undoes the step.
#pragma once

#include <stddef.h>

#include "layout.h"

// Cuts the memory into pages and makes all of them free. False when it is too small.
[[nodiscard]] bool items_start(struct ram *ram, size_t size);

// Contents.
[[nodiscard]] uint32_t items_page(struct ram *ram, const struct ram_node *node, uint64_t index);
[[nodiscard]] uint32_t items_add_page(struct ram *ram, struct ram_node *node, uint64_t index);
void items_drop_page(struct ram *ram, struct ram_node *node, uint32_t page);

// Nodes.
[[nodiscard]] struct ram_node *items_add_node(struct ram *ram, uint32_t kind, uint32_t mode,
                                              uint64_t now);
void items_drop_node(struct ram *ram, struct ram_node *node);
void items_add_nameless(struct ram *ram, struct ram_node *node);
void items_drop_nameless(struct ram *ram, struct ram_node *node);

// Entries.
[[nodiscard]] struct ram_entry *items_entry(struct ram *ram, const struct ram_node *folder,
                                            const char *name, size_t length);
[[nodiscard]] bool items_add_entry(struct ram *ram, struct ram_node *folder,
                                   const struct ram_node *node, const char *name, size_t length);
void items_drop_entry(struct ram *ram, struct ram_node *folder, struct ram_entry *entry);

// The entry of a reference that may be anything; null when there is none.
[[nodiscard]] const struct ram_entry *items_entry_at(struct ram *ram, uint32_t reference);
