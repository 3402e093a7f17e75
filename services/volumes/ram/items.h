// SPDX-License-Identifier: MIT
// The parts that a RAM volume is made of: pages of contents, nodes, entries of folders, and extended attributes, each
// found by hash and kept in lists. Every change is part of the current step. What takes memory gives
// null or 0 when there is none; the caller then undoes the step.
#pragma once

#include <stddef.h>

#include "layout.h"

// Bytes that the head and the tables of so much memory take.
[[nodiscard]] size_t items_head(size_t size);

// Cuts the memory into pages and makes all of them free. Its head is there, and nothing else. False
// when it is too small.
[[nodiscard]] bool items_start(struct ram *ram, size_t size);

// Gives back at most so many pieces in which every page is free.
void items_shrink(struct ram *ram, uint32_t most);

// Gives back what the volume does not know to be there: the process ended before it could.
void items_agree(struct ram *ram);

// Provided by main.c: memory for a part of the volume, by offset and bytes. True: it is there, or was
// there before. What is given back may have been away already.
[[nodiscard]] bool room_take(uint64_t offset, uint64_t size);
void room_give(uint64_t offset);

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

// Extended attributes. A value is written into pages that were free, so that the old one is whole until the step
// has ended: the caller first gives the new value, then drops the old one.
[[nodiscard]] struct ram_entry *items_attribute(struct ram *ram, const struct ram_node *node,
                                                const char *name, size_t length);
[[nodiscard]] struct ram_entry *items_add_attribute(struct ram *ram, struct ram_node *node,
                                                    const char *name, size_t length);
void items_drop_attribute(struct ram *ram, struct ram_node *node, struct ram_entry *attribute);

// Puts a value into pages of its own and gives the first, which is 0 for an empty value. False: there is no memory.
[[nodiscard]] bool items_add_value(struct ram *ram, const uint8_t *bytes, size_t size,
                                   uint32_t *first);
void items_drop_value(struct ram *ram, uint32_t first);
