// SPDX-License-Identifier: MIT
#include "access.h"

#include <string.h>

#include "volume.h"

struct access access_node(const struct kozo_caller *caller, uint64_t number, uint8_t right)
{
    struct handle *handle = handle_find(caller->session, number);
    if (handle == nullptr) {
        return (struct access){.error = KOZO_BAD_HANDLE};
    }
    if (handle->node == nullptr) {
        return (struct access){.error = right == 0 ? KOZO_BAD_TYPE : KOZO_NO_RIGHT};
    }
    struct access access = {.handle = handle, .node = handle->node};
    bool writes = (right & PLACE_WRITE) != 0;
    bool missing = (handle->view.rights & right) != right;
    if (access.node->gone) {
        access.error = KOZO_NO_REPLY;
    } else if (!handle_is_valid(handle)) {
        access.error = KOZO_EXPIRED;
    } else if (missing || (writes && (access.node->volume->flags & KOZO_VOLUME_READ_ONLY) != 0)) {
        access.error = KOZO_NO_RIGHT;
    }
    return access;
}

struct access access_kind(const struct kozo_caller *caller, uint64_t number, uint8_t right,
                          uint32_t kind)
{
    struct access access = access_node(caller, number, right);
    if (access.error == KOZO_OK && access.node->kind != kind) {
        access.error = KOZO_BAD_TYPE;
    }
    return access;
}

uint64_t access_number(const struct volume *volume, uint64_t number)
{
    return number ^ (volume_index(volume) + 1) << 56;
}

bool access_may_store(size_t place, const struct volume *volume)
{
    return place_pays(place) == 0 || (volume->flags & KOZO_VOLUME_COUNTS) != 0;
}

struct kozo_node_stat access_stat(const struct node *node)
{
    struct kozo_node_stat stat = node->stat;
    stat.node = access_number(node->volume, node->number);
    return stat;
}

bool access_is_name(const char *name, size_t length)
{
    bool dots = length > 0 && length <= 2 && name[0] == '.' && name[length - 1] == '.';
    return length <= NODE_NAME_MOST && !dots && length > 0 && access_part(name, length) == length &&
           name[length - 1] != 0;
}

size_t access_part(const char *path, size_t length)
{
    size_t part = 0;
    while (part < length && path[part] != '/' && path[part] != 0) {
        part++;
    }
    return part;
}
