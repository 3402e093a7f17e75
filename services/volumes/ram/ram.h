// SPDX-License-Identifier: MIT
// A file system in memory: what a RAM volume does, without anything of its process. The errors are
// those of the Volume protocol. Node numbers are good for as long as the node is; what is no node is
// refused. Everything is found by hashes or in constant time.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "serve.h"

struct ram;

// Takes up what is in the memory, or makes an empty volume in it. `size` is how large it may become,
// a multiple of the page size; `memory` is aligned to it, and there as far as it was taken (items.h).
// Null when it is too small, or when its head can't be taken.
[[nodiscard]] struct ram *ram_open(void *memory, size_t size, uint64_t now);

// Pieces of memory that are there and hold nothing, and giving back at most so many.
[[nodiscard]] uint32_t ram_spare(const struct ram *ram);
void ram_shrink(struct ram *ram, uint32_t most);

// Whose account pays for what is stored from now on, and the pages that it may have stored; 0: nobody's. It also is whose part
// `ram_space` tells. Contents and values count by pages, nodes, names and attributes by the units that they take.
void ram_pay(struct ram *ram, uint32_t account, uint32_t most);

void ram_space(const struct ram *ram, struct volume_space *space);
[[nodiscard]] uint64_t ram_root(const struct ram *ram);

[[nodiscard]] enum kozo_error ram_look(struct ram *ram, uint64_t folder, struct volume_text name,
                                       uint64_t *node, uint32_t *kind);
[[nodiscard]] enum kozo_error ram_stat(struct ram *ram, uint64_t node, struct kozo_node_stat *stat);
[[nodiscard]] enum kozo_error ram_read(struct ram *ram, uint64_t node, uint64_t offset,
                                       uint8_t *bytes, size_t length, size_t *done);
[[nodiscard]] enum kozo_error ram_write(struct ram *ram, uint64_t node, uint64_t offset,
                                        const uint8_t *bytes, size_t length, size_t *done,
                                        uint64_t now);
[[nodiscard]] enum kozo_error ram_list(struct ram *ram, uint64_t folder, uint64_t from,
                                       struct volume_listing *listing);
[[nodiscard]] enum kozo_error ram_make(struct ram *ram, uint64_t folder, uint32_t kind,
                                       uint32_t mode, struct volume_text name,
                                       struct volume_text target, uint64_t now, uint64_t *node);
[[nodiscard]] enum kozo_error ram_link(struct ram *ram, uint64_t node, uint64_t folder,
                                       struct volume_text name, uint64_t now);
[[nodiscard]] enum kozo_error ram_remove(struct ram *ram, uint64_t folder, struct volume_text name,
                                         uint64_t now);
[[nodiscard]] enum kozo_error ram_rename(struct ram *ram, uint64_t folder, struct volume_text name,
                                         uint64_t target, struct volume_text second, uint64_t now);
[[nodiscard]] enum kozo_error ram_change(struct ram *ram, uint64_t node,
                                         const struct kozo_node_stat *stat, uint64_t what,
                                         uint64_t now);

// Extended attributes, of files and folders. What is larger than `room` is not read, but its size is told.
[[nodiscard]] enum kozo_error ram_attribute(struct ram *ram, uint64_t node, struct volume_text name,
                                            uint8_t *bytes, size_t room, size_t *size);
[[nodiscard]] enum kozo_error ram_attributes(struct ram *ram, uint64_t node, uint8_t *bytes,
                                             size_t room, size_t *size);
[[nodiscard]] enum kozo_error ram_set_attribute(struct ram *ram, uint64_t node,
                                                struct volume_text name, struct volume_text value,
                                                uint64_t way, uint64_t now);
[[nodiscard]] enum kozo_error ram_remove_attribute(struct ram *ram, uint64_t node,
                                                   struct volume_text name, uint64_t now);

// A node without names is gone after this. Others stay.
void ram_forget(struct ram *ram, uint64_t node);
void ram_forget_all(struct ram *ram);
