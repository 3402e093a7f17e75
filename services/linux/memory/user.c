// SPDX-License-Identifier: MIT
// User memory (core/user.h): page by page through the address space of the strand that runs.
#include "../core/user.h"

#include "../core/errno.h"
#include "../core/loop.h"
#include "space.h"

#include <string.h>

static size_t in_page(uint64_t address, size_t size)
{
    size_t left = PAGE_BYTES - address % PAGE_BYTES;
    return size < left ? size : left;
}

bool space_read(struct space *space, uint64_t address, void *to, size_t size)
{
    uint8_t *target = to;
    while (size > 0) {
        size_t part = in_page(address, size);
        const uint8_t *bytes = space_reach(space, address, false);
        if (bytes == nullptr) {
            return false;
        }
        memcpy(target, bytes, part);
        target += part;
        address += part;
        size -= part;
    }
    return true;
}

bool space_write(struct space *space, uint64_t address, const void *from, size_t size)
{
    const uint8_t *source = from;
    while (size > 0) {
        size_t part = in_page(address, size);
        uint8_t *bytes = space_reach(space, address, true);
        if (bytes == nullptr) {
            return false;
        }
        memcpy(bytes, source, part);
        source += part;
        address += part;
        size -= part;
    }
    return true;
}

int64_t user_read(void *to, struct user from, size_t size)
{
    return space_read(strand_now->space, from.address, to, size) ? 0 : -EFAULT;
}

int64_t user_write(struct user to, const void *from, size_t size)
{
    return space_write(strand_now->space, to.address, from, size) ? 0 : -EFAULT;
}

int64_t user_zero(struct user to, size_t size)
{
    while (size > 0) {
        size_t part = in_page(to.address, size);
        uint8_t *bytes = space_reach(strand_now->space, to.address, true);
        if (bytes == nullptr) {
            return -EFAULT;
        }
        memset(bytes, 0, part);
        to.address += part;
        size -= part;
    }
    return 0;
}

int64_t user_string(char *to, struct user from, size_t size)
{
    size_t done = 0;
    while (done < size) {
        size_t part = in_page(from.address + done, size - done);
        const uint8_t *bytes = space_reach(strand_now->space, from.address + done, false);
        if (bytes == nullptr) {
            return -EFAULT;
        }
        size_t length = strnlen((const char *)bytes, part);
        memcpy(to + done, bytes, length);
        done += length;
        if (length < part) {
            to[done] = 0;
            return (int64_t)done;
        }
    }
    return -ENAMETOOLONG;
}

const void *user_look(struct user address, size_t *size)
{
    *size = in_page(address.address, *size);
    return space_reach(strand_now->space, address.address, false);
}

void *user_touch(struct user address, size_t *size)
{
    *size = in_page(address.address, *size);
    return space_reach(strand_now->space, address.address, true);
}
