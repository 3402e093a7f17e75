// SPDX-License-Identifier: MIT
// The process of a volume in ext2, ext3 or ext4 on the machine's disk, to read. A journal is not
// replayed: a volume that was not unmounted says so, and shows what was there before.
//
// It is given: a session with `disk`, `self`, and `memory` for page tables.
#include <kozo/print.h>
#include <kozo/start.h>

#include "disk.h"
#include "ext.h"
#include "server.h"

#include "serve.h"

#include <string.h>

constexpr uint64_t ROOT = 1; // outside; inside it is EXT_ROOT

static struct ext_volume *volume;

static enum kozo_error error_of(enum ext_error error)
{
    switch (error) {
    case EXT_OK:
        return KOZO_OK;
    case EXT_NONE:
        return KOZO_BAD_HANDLE;
    case EXT_NO_DIRECTORY:
    case EXT_NO_FILE:
    case EXT_NO_LINK:
        return KOZO_BAD_TYPE;
    case EXT_TOO_LONG:
        return KOZO_BAD_ARGUMENT;
    case EXT_NO_MEMORY:
        return KOZO_NO_MEMORY;
    default:
        return KOZO_NO_REPLY;
    }
}

// The inode of a node; 0, which is none, for a number that can't be one.
static uint32_t inode_of(uint64_t node)
{
    return node == ROOT ? EXT_ROOT : node <= UINT32_MAX && node != EXT_ROOT ? (uint32_t)node : 0;
}

static uint64_t node_of(uint32_t inode)
{
    return inode == EXT_ROOT ? ROOT : inode;
}

static uint32_t kind_of(enum ext_kind kind)
{
    static const uint32_t kinds[] = {
        [EXT_FILE] = KOZO_NODE_FILE,
        [EXT_DIRECTORY] = KOZO_NODE_FOLDER,
        [EXT_LINK] = KOZO_NODE_LINK,
        [EXT_OTHER] = KOZO_NODE_OTHER,
    };
    return kinds[kind];
}

static void describe(struct volume_space *space)
{
    struct ext_space told = ext_space(volume);
    uint32_t dirty = ext_is_dirty(volume) ? KOZO_VOLUME_DIRTY : 0;
    *space = (struct volume_space){
        .block = told.block_size,
        .blocks = told.blocks,
        .free = told.blocks_free,
        .nodes = told.files,
        .flags = KOZO_VOLUME_READ_ONLY | KOZO_VOLUME_LASTING | dirty,
    };
}

static enum kozo_error look(uint64_t folder, struct volume_text name, uint64_t *node,
                            uint32_t *kind)
{
    uint32_t inode = 0;
    struct ext_status status;
    enum ext_error error = ext_find(volume, inode_of(folder), name.bytes, name.length, &inode);
    if (error == EXT_OK) {
        error = ext_status(volume, inode, &status);
    }
    if (error == EXT_OK) {
        *node = node_of(inode);
        *kind = kind_of(status.kind);
    }
    return error_of(error);
}

static uint64_t nanoseconds(struct ext_time time)
{
    constexpr uint64_t SECOND = 1'000'000'000;
    return time.seconds < 0 ? 0 : (uint64_t)time.seconds * SECOND + time.nanoseconds;
}

static enum kozo_error stat(uint64_t node, struct kozo_node_stat *result)
{
    struct ext_status status;
    enum ext_error error = ext_status(volume, inode_of(node), &status);
    if (error == EXT_OK) {
        *result = (struct kozo_node_stat){
            .node = node,
            .kind = kind_of(status.kind),
            .mode = status.permissions,
            .size = status.size,
            .blocks = status.taken / 512,
            .links = status.names,
            .user = status.owner,
            .group = status.group,
            .accessed = nanoseconds(status.accessed),
            .modified = nanoseconds(status.modified),
            .changed = nanoseconds(status.changed),
        };
    }
    return error_of(error);
}

static enum kozo_error read_target(uint64_t node, uint64_t offset, uint8_t *bytes, size_t length,
                                   size_t *done)
{
    char target[EXT_LINK_MOST];
    size_t size = 0;
    enum ext_error error = ext_read_link(volume, inode_of(node), target, sizeof target, &size);
    for (*done = 0; error == EXT_OK && *done < length && offset + *done < size; ++*done) {
        bytes[*done] = (uint8_t)target[offset + *done];
    }
    return error_of(error);
}

static enum kozo_error read(uint64_t node, uint64_t offset, uint8_t *bytes, size_t length,
                            size_t *done)
{
    enum ext_error error = ext_read(volume, inode_of(node), offset, bytes, length, done);
    return error == EXT_NO_FILE && offset <= EXT_LINK_MOST
               ? read_target(node, offset, bytes, length, done)
               : error_of(error);
}

// A folder is gone through from its start; entries that were listed before are passed over.
struct visit {
    struct volume_listing *listing;
    uint64_t from;
    uint64_t at;
    bool full;
};

static bool visit_entry(void *context, uint32_t inode, enum ext_kind kind, const char *name,
                        size_t length)
{
    struct visit *visit = context;
    if (visit->at++ < visit->from || !volume_name_is_fine(name, length)) {
        return true;
    }
    struct volume_text text = {.bytes = name, .length = length};
    visit->full = !volume_list(visit->listing, node_of(inode), visit->at, kind_of(kind), text);
    return !visit->full;
}

static enum kozo_error list(uint64_t folder, uint64_t from, struct volume_listing *listing)
{
    struct visit visit = {.listing = listing, .from = from};
    const struct ext_visitor visitor = {.context = &visit, .entry = visit_entry};
    enum ext_error error = ext_visit(volume, inode_of(folder), &visitor);
    return error == EXT_OK && visit.full && listing->done == 0 ? KOZO_BAD_ARGUMENT
                                                               : error_of(error);
}

// What is larger than the protocol has it can't be told.
static enum kozo_error attribute(uint64_t node, struct volume_text name, uint8_t *bytes,
                                 size_t room, size_t *size)
{
    char copy[VOLUME_NAME_MOST + 1] = {};
    memcpy(copy, name.bytes, name.length);
    enum ext_error error = ext_attribute(volume, inode_of(node), copy, bytes, room, size);
    if (error != EXT_OK && error != EXT_TOO_LONG) {
        return error_of(error);
    }
    return *size <= KOZO_ATTRIBUTE_MOST ? KOZO_OK : KOZO_NO_MEMORY;
}

static enum kozo_error attributes(uint64_t node, uint8_t *bytes, size_t room, size_t *size)
{
    enum ext_error error = ext_attributes(volume, inode_of(node), (char *)bytes, room, size);
    bool large = error == EXT_OK && *size > KOZO_ATTRIBUTE_MOST;
    return large ? KOZO_NO_MEMORY : error_of(error);
}

int main(int argument_count, char **arguments)
{
    static const struct volume_functions functions = {
        .describe = describe,
        .look = look,
        .stat = stat,
        .read = read,
        .list = list,
        .attribute = attribute,
        .attributes = attributes,
    };
    (void)argument_count;
    (void)arguments;
    struct ext_device device;
    const char *fault = disk_open(volume_server(), &device);
    if (fault != nullptr) {
        kozo_print(fault);
        kozo_print("\n");
        return 1;
    }
    enum ext_error error = ext_open(&device, &volume);
    if (error == EXT_UNKNOWN_FORMAT) {
        kozo_print(
            "there is no ext file system on the disk, or one with features that are not known\n");
        return 0;
    }
    if (error != EXT_OK) {
        kozo_print("the file system on the disk is damaged, or the disk can't be read\n");
        return 0;
    }
    if (ext_is_dirty(volume)) {
        kozo_print("the file system was not unmounted: its journal is not replayed\n");
    }
    return volume_serve(&functions);
}
