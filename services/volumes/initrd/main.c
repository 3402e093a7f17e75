// SPDX-License-Identifier: MIT
// The process that shows the initrd as a volume.
//
// It is given: `initrd`, and `memory up to` so much for an index of it.
#include <kozo/print.h>
#include <kozo/process_info.h>
#include <kozo/start.h>

#include "tree.h"

static struct tree tree;
static size_t size;

static void describe(struct volume_space *space)
{
    *space = (struct volume_space){
        .block = 512,
        .blocks = (size + 511) / 512,
        .nodes = tree.count - 1,
        .flags = KOZO_VOLUME_READ_ONLY | KOZO_VOLUME_LASTING,
    };
}

static enum kozo_error look(uint64_t folder, struct volume_text name, uint64_t *node,
                            uint32_t *kind)
{
    return tree_look(&tree, folder, name, node, kind);
}

static enum kozo_error stat(uint64_t node, struct kozo_node_stat *result)
{
    return tree_stat(&tree, node, result);
}

static enum kozo_error read(uint64_t node, uint64_t offset, uint8_t *bytes, size_t length,
                            size_t *done)
{
    return tree_read(&tree, node, offset, bytes, length, done);
}

static enum kozo_error list(uint64_t folder, uint64_t from, struct volume_listing *listing)
{
    return tree_list(&tree, folder, from, listing);
}

// Makes memory for so many nodes appear. Gives for how many it did.
static size_t make_room(size_t nodes)
{
    constexpr struct kozo_endpoint parent = {KOZO_PROCESS_PARENT};
    constexpr uint64_t piece = 0x4000;
    uint64_t bytes = 0;
    while (bytes < nodes * sizeof(struct tree_node) &&
           kozo_supply_take(parent, KOZO_PROCESS_SUPPLY + bytes, piece) == KOZO_OK) {
        bytes += piece;
    }
    return bytes / sizeof(struct tree_node);
}

int main(int argument_count, char **arguments)
{
    static const struct volume_functions functions = {
        .describe = describe, .look = look, .stat = stat, .read = read, .list = list};
    (void)argument_count;
    (void)arguments;
    size = kozo_granted("initrd.size");
    if (size == 0) {
        return 0; // there is none
    }
    const uint8_t *archive = (const uint8_t *)KOZO_PROCESS_INITRD;
    size_t nodes = make_room(tree_count(archive, size));
    if (nodes < 2) {
        kozo_print("there is no memory for an index of the initrd\n");
        return 1;
    }
    if (!tree_start(&tree, archive, size, (struct tree_node *)KOZO_PROCESS_SUPPLY, nodes)) {
        kozo_print("a part of the initrd can't be shown\n");
    }
    return volume_serve(&functions);
}
