// SPDX-License-Identifier: MIT
// Extended attributes of files in RAM: a list for each node, of pieces of the store that hold name and value.
#include "ram.h"

#include "../core/clock.h"
#include "../core/errno.h"
#include "../core/store.h"

#include <string.h>

constexpr size_t NAMES_MOST = 65'536; // bytes of all names, as a list of them can have
constexpr uint32_t CREATE = 1, REPLACE = 2;

struct ram_attribute {
    struct ram_attribute *next;
    size_t length;   // of the name
    size_t size;     // of the value
    uint8_t bytes[]; // the name, then the value
};

static size_t bytes_of(size_t length, size_t size)
{
    return sizeof(struct ram_attribute) + length + size;
}

// Where the list has the attribute of a name, or ends.
static struct ram_attribute **place_of(struct ram_node *node, struct name name)
{
    struct ram_attribute **place = &node->attributes;
    while (*place != nullptr && ((*place)->length != name.length ||
                                 memcmp((*place)->bytes, name.bytes, name.length) != 0)) {
        place = &(*place)->next;
    }
    return place;
}

// Takes an attribute out of the list and gives its memory back.
static void drop(struct ram_attribute **place)
{
    struct ram_attribute *attribute = *place;
    *place = attribute->next;
    store_give(attribute, bytes_of(attribute->length, attribute->size));
}

int64_t ram_attribute(struct node *node, struct name name, uint8_t *value, size_t room)
{
    const struct ram_attribute *found = *place_of(ram_of(node), name);
    if (found == nullptr) {
        return -ENODATA;
    }
    if (found->size > 0 && found->size <= room) {
        memcpy(value, found->bytes + found->length, found->size);
    }
    return (int64_t)found->size;
}

static size_t count_names(const struct ram_node *node)
{
    size_t size = 0;
    for (const struct ram_attribute *each = node->attributes; each != nullptr; each = each->next) {
        size += each->length + 1;
    }
    return size;
}

int64_t ram_attributes(struct node *node, char *names, size_t room)
{
    size_t size = count_names(ram_of(node));
    const struct ram_attribute *each = size <= room ? ram_of(node)->attributes : nullptr;
    for (size_t at = 0; each != nullptr; each = each->next) {
        memcpy(names + at, each->bytes, each->length);
        names[at + each->length] = '\0';
        at += each->length + 1;
    }
    return (int64_t)size;
}

int64_t ram_set_attribute(struct node *node, struct name name, const uint8_t *value, size_t size,
                          uint32_t flags)
{
    struct ram_node *ram = ram_of(node);
    struct ram_attribute *made = store_take(bytes_of(name.length, size));
    struct ram_attribute **place = place_of(ram, name);
    bool there = *place != nullptr;
    int64_t error = there && (flags & CREATE) != 0     ? -EEXIST
                    : !there && (flags & REPLACE) != 0 ? -ENODATA
                    : made == nullptr                  ? -ENOSPC
                                                       : 0;
    if (!there && count_names(ram) + name.length + 1 > NAMES_MOST) {
        error = -ENOSPC;
    }
    if (error != 0) {
        store_give(made, bytes_of(name.length, size));
        return error;
    }
    made->length = name.length;
    made->size = size;
    memcpy(made->bytes, name.bytes, name.length);
    if (size > 0) {
        memcpy(made->bytes + name.length, value, size);
    }
    if (there) {
        drop(place);
    }
    made->next = ram->attributes;
    ram->attributes = made;
    ram->changed = clock_realtime();
    return 0;
}

int64_t ram_remove_attribute(struct node *node, struct name name)
{
    struct ram_node *ram = ram_of(node);
    struct ram_attribute **place = place_of(ram, name);
    if (*place == nullptr) {
        return -ENODATA;
    }
    drop(place);
    ram->changed = clock_realtime();
    return 0;
}

void ram_free_attributes(struct ram_node *node)
{
    while (node->attributes != nullptr) {
        drop(&node->attributes);
    }
}
