// SPDX-License-Identifier: MIT
// Names and lists of them: what needs no server, and so is tested on the host.
#include <string.h>

#include "serve.h"

bool volume_name_is_fine(const char *name, size_t length)
{
    bool dots = length > 0 && length <= 2 && name[0] == '.' && name[length - 1] == '.';
    return length > 0 && length <= VOLUME_NAME_MOST && !dots &&
           memchr(name, 0, length) == nullptr && memchr(name, '/', length) == nullptr;
}

bool volume_attribute_is_fine(const char *name, size_t length)
{
    return length > 0 && length <= VOLUME_NAME_MOST && memchr(name, 0, length) == nullptr;
}

bool volume_list(struct volume_listing *listing, uint64_t node, uint64_t next, uint32_t kind,
                 struct volume_text name)
{
    struct kozo_folder_entry entry = {
        .node = node, .next = next, .kind = kind, .length = (uint32_t)name.length};
    size_t padded = (name.length + 7) & ~(size_t)7;
    if (listing->size - listing->done < sizeof entry + padded) {
        return false;
    }
    uint8_t *at = listing->bytes + listing->done;
    memcpy(at, &entry, sizeof entry);
    memcpy(at + sizeof entry, name.bytes, name.length);
    memset(at + sizeof entry + name.length, 0, padded - name.length);
    listing->done += sizeof entry + padded;
    return true;
}
