// SPDX-License-Identifier: MIT
#include "tree.h"

#include <kozo/cpio.h>
#include <string.h>

constexpr uint32_t ROOT = 1;

static uint32_t bucket_of(uint32_t folder, const char *name, size_t length)
{
    uint64_t hash = folder;
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ (uint8_t)name[i]) * 0x100000001b3;
    }
    return (uint32_t)(hash * 0x9e3779b97f4a7c15 >> 32) % TREE_BUCKETS;
}

// The node of a name in a folder; 0 for none.
static uint32_t find(const struct tree *tree, uint32_t folder, const char *name, size_t length)
{
    uint32_t number = tree->bucket[bucket_of(folder, name, length)];
    while (number != 0) {
        const struct tree_node *node = &tree->node[number];
        if (node->parent == folder && node->length == length &&
            memcmp(node->name, name, length) == 0) {
            break;
        }
        number = node->chain;
    }
    return number;
}

// Adds a name that is not there yet; 0 when there is no room.
static uint32_t add(struct tree *tree, uint32_t folder, const char *name, size_t length,
                    uint32_t kind)
{
    if (tree->count == tree->most) {
        return 0;
    }
    uint32_t number = (uint32_t)tree->count++;
    uint32_t *bucket = &tree->bucket[bucket_of(folder, name, length)];
    tree->node[number] = (struct tree_node){
        .name = name, .length = (uint32_t)length, .kind = kind, .parent = folder, .chain = *bucket};
    *bucket = number;
    struct tree_node *parent = &tree->node[folder];
    if (parent->last != 0) {
        tree->node[parent->last].next = number;
    } else {
        parent->first = number;
    }
    parent->last = number;
    parent->folders += kind == KOZO_NODE_FOLDER ? 1 : 0;
    return number;
}

// Adds what an entry of the archive names, and the folders on the way. Of several entries with one
// name the first counts.
static bool add_path(struct tree *tree, const struct kozo_cpio_entry *entry)
{
    uint32_t folder = ROOT;
    const char *name = entry->name;
    const char *slash = strchr(name, '/');
    for (; slash != nullptr; slash = strchr(name, '/')) {
        size_t length = (size_t)(slash - name);
        uint32_t next = find(tree, folder, name, length);
        if (next == 0) {
            next = add(tree, folder, name, length, KOZO_NODE_FOLDER);
        }
        if (next == 0 || tree->node[next].kind != KOZO_NODE_FOLDER) {
            return false;
        }
        folder = next;
        name = slash + 1;
    }
    size_t length = strlen(name);
    if (find(tree, folder, name, length) != 0) {
        return true;
    }
    uint32_t number =
        add(tree, folder, name, length, entry->file ? KOZO_NODE_FILE : KOZO_NODE_FOLDER);
    if (number != 0 && entry->file) {
        tree->node[number].data = entry->data;
        tree->node[number].size = entry->size;
    }
    return number != 0;
}

// Each part of a name may be one.
size_t tree_count(const uint8_t *archive, size_t size)
{
    struct kozo_cpio cpio = {.data = archive, .size = size};
    size_t count = ROOT + 1;
    for (struct kozo_cpio_entry entry = kozo_cpio_next(&cpio); entry.step == KOZO_CPIO_ENTRY;
         entry = kozo_cpio_next(&cpio)) {
        count++;
        for (const char *slash = strchr(entry.name, '/'); slash != nullptr;
             slash = strchr(slash + 1, '/')) {
            count++;
        }
    }
    return count;
}

bool tree_start(struct tree *tree, const uint8_t *archive, size_t size, struct tree_node *nodes,
                size_t most)
{
    struct kozo_cpio cpio = {.data = archive, .size = size};
    memset(tree, 0, sizeof *tree);
    tree->node = nodes;
    tree->most = most;
    tree->node[ROOT] = (struct tree_node){.name = "", .kind = KOZO_NODE_FOLDER, .parent = ROOT};
    tree->count = ROOT + 1;
    while (true) {
        struct kozo_cpio_entry entry = kozo_cpio_next(&cpio);
        if (entry.step != KOZO_CPIO_ENTRY) {
            return entry.step == KOZO_CPIO_END;
        }
        if (!add_path(tree, &entry)) {
            return false;
        }
    }
}

struct found_node {
    enum kozo_error error;
    const struct tree_node *node;
};

static struct found_node get(const struct tree *tree, uint64_t number, uint32_t kind)
{
    if (number == 0 || number >= tree->count) {
        return (struct found_node){.error = KOZO_BAD_HANDLE};
    }
    const struct tree_node *node = &tree->node[number];
    bool fits = kind == 0 || node->kind == kind;
    return (struct found_node){.error = fits ? KOZO_OK : KOZO_BAD_TYPE, .node = node};
}

enum kozo_error tree_look(const struct tree *tree, uint64_t folder, struct volume_text name,
                          uint64_t *node, uint32_t *kind)
{
    enum kozo_error error = get(tree, folder, KOZO_NODE_FOLDER).error;
    if (error != KOZO_OK) {
        return error;
    }
    uint32_t number = find(tree, (uint32_t)folder, name.bytes, name.length);
    *node = number;
    *kind = tree->node[number].kind;
    return number != 0 ? KOZO_OK : KOZO_BAD_HANDLE;
}

enum kozo_error tree_stat(const struct tree *tree, uint64_t number, struct kozo_node_stat *stat)
{
    struct found_node found = get(tree, number, 0);
    if (found.error != KOZO_OK) {
        return found.error;
    }
    bool folder = found.node->kind == KOZO_NODE_FOLDER;
    *stat = (struct kozo_node_stat){
        .node = number,
        .kind = found.node->kind,
        .mode = 0555,
        .size = found.node->size,
        .blocks = (found.node->size + 511) / 512,
        .links = folder ? 2 + found.node->folders : 1,
    };
    return KOZO_OK;
}

enum kozo_error tree_read(const struct tree *tree, uint64_t number, uint64_t offset, uint8_t *bytes,
                          size_t length, size_t *done)
{
    struct found_node found = get(tree, number, KOZO_NODE_FILE);
    if (found.error != KOZO_OK) {
        return found.error;
    }
    size_t left = offset < found.node->size ? found.node->size - offset : 0;
    *done = length < left ? length : left;
    if (*done > 0) {
        memcpy(bytes, found.node->data + offset, *done);
    }
    return KOZO_OK;
}

enum kozo_error tree_list(const struct tree *tree, uint64_t folder, uint64_t from,
                          struct volume_listing *listing)
{
    struct found_node found = get(tree, folder, KOZO_NODE_FOLDER);
    if (found.error != KOZO_OK) {
        return found.error;
    }
    uint32_t number = found.node->first;
    if (from != 0) {
        struct found_node last = get(tree, from, 0);
        if (last.error != KOZO_OK || from == ROOT || last.node->parent != folder) {
            return KOZO_BAD_ARGUMENT;
        }
        number = last.node->next;
    }
    for (; number != 0; number = tree->node[number].next) {
        const struct tree_node *node = &tree->node[number];
        struct volume_text name = {.bytes = node->name, .length = node->length};
        if (!volume_list(listing, number, number, node->kind, name)) {
            return listing->done > 0 ? KOZO_OK : KOZO_BAD_ARGUMENT;
        }
    }
    return KOZO_OK;
}
