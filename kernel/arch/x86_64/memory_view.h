// SPDX-License-Identifier: MIT
// Bytes of physical memory that a parser may look at, and nothing beyond them.
//
// What firmware and boot loaders leave in memory is read through a view: each read says where and
// how much, and fails outside. So the parsers are pure functions over bytes, on the host as in the
// kernel.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/memory.h"

struct memory_view {
    const uint8_t *bytes; // what stands at physical address `base`
    uint64_t base;
    uint64_t size;
};

// The bytes from `address` on; null unless all `size` of them are inside.
[[nodiscard]] static inline const uint8_t *memory_view_at(const struct memory_view *view,
                                                          uint64_t address, uint64_t size)
{
    uint64_t offset = address - view->base;

    if (address < view->base || offset > view->size || size > view->size - offset) {
        return nullptr;
    }
    return view->bytes + offset;
}

// Copies `size` bytes out; false, with nothing copied, unless all of them are inside.
[[nodiscard]] static inline bool memory_view_read(const struct memory_view *view, uint64_t address,
                                                  void *to, size_t size)
{
    const uint8_t *bytes = memory_view_at(view, address, size);

    if (bytes == nullptr) {
        return false;
    }
    memcpy(to, bytes, size);
    return true;
}

// Copies a text of at most `limit` bytes, up to its zero or to the end of the view. What does not
// fit into `room` bytes with a final zero is cut off.
static inline void memory_view_text(const struct memory_view *view, uint64_t address,
                                    uint64_t limit, char *to, size_t room)
{
    const uint8_t *byte;
    size_t length = 0;

    while (length < limit && length + 1 < room) {
        byte = memory_view_at(view, address + length, 1);
        if (byte == nullptr || *byte == 0) {
            break;
        }
        to[length++] = (char)*byte;
    }
    to[length] = 0;
}
