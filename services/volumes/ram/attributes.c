// SPDX-License-Identifier: MIT
#include "attributes.h"

#include <kozo/abi.h>
#include <string.h>

#include "items.h"
#include "step.h"

enum kozo_error attributes_read(struct ram *ram, const struct ram_node *node,
                                struct volume_text name, uint8_t *bytes, size_t room, size_t *size)
{
    const struct ram_entry *attribute = items_attribute(ram, node, name.bytes, name.length);
    if (attribute == nullptr) {
        return KOZO_BAD_HANDLE;
    }
    *size = attribute->size;
    uint32_t page = attribute->value;
    for (size_t at = 0; at < *size && *size <= room; at += KOZO_PAGE_SIZE) {
        size_t part = *size - at < KOZO_PAGE_SIZE ? *size - at : KOZO_PAGE_SIZE;
        memcpy(bytes + at, ram_bytes(ram, page), part);
        page = ram_page(ram, page)->next;
    }
    return KOZO_OK;
}

static size_t count_names(struct ram *ram, const struct ram_node *node)
{
    size_t count = 0;
    for (uint32_t reference = node->attributes; reference != 0;) {
        const struct ram_entry *attribute = ram_at(ram, reference);
        count += attribute->length + 1;
        reference = attribute->next;
    }
    return count;
}

size_t attributes_list(struct ram *ram, const struct ram_node *node, uint8_t *bytes, size_t room)
{
    size_t size = count_names(ram, node);
    uint32_t reference = size <= room ? node->attributes : 0;
    for (size_t at = 0; reference != 0;) {
        const struct ram_entry *attribute = ram_at(ram, reference);
        memcpy(bytes + at, attribute->name, attribute->length);
        bytes[at + attribute->length] = 0;
        at += attribute->length + 1;
        reference = attribute->next;
    }
    return size;
}

enum kozo_error attributes_set(struct ram *ram, struct ram_node *node, struct volume_text name,
                               struct volume_text value, uint64_t way)
{
    struct ram_entry *attribute = items_attribute(ram, node, name.bytes, name.length);
    bool there = attribute != nullptr;
    if (there ? way == KOZO_ATTRIBUTE_NEW : way == KOZO_ATTRIBUTE_OVER) {
        return there ? KOZO_SLOT_TAKEN : KOZO_BAD_HANDLE;
    }
    if (!there && count_names(ram, node) + name.length + 1 > KOZO_ATTRIBUTE_MOST) {
        return KOZO_NO_MEMORY;
    }
    uint32_t first = 0;
    if (!items_add_value(ram, (const uint8_t *)value.bytes, value.length, &first)) {
        return KOZO_NO_MEMORY;
    }
    if (!there) {
        attribute = items_add_attribute(ram, node, name.bytes, name.length);
    }
    if (attribute == nullptr) {
        return KOZO_NO_MEMORY;
    }
    uint32_t old = attribute->value;
    ram_set(ram, &attribute->value, first);
    ram_set(ram, &attribute->size, (uint32_t)value.length);
    items_drop_value(ram, old);
    return KOZO_OK;
}

void attributes_drop_all(struct ram *ram, struct ram_node *node)
{
    while (node->attributes != 0) {
        items_drop_attribute(ram, node, ram_at(ram, node->attributes));
        ram_commit(ram);
    }
}
