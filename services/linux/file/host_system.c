// SPDX-License-Identifier: MIT
// Files that the file server gives. A node stands for a file that is open there, by the number that it gave; what is reached by two
// names is one node. Where nothing can change, what is known of a node is kept; elsewhere it is asked for each time.
#include "host_system.h"

#include "../core/errno.h"
#include "../core/store.h"
#include "../memory/backing.h"
#include "entry.h"
#include "file.h"
#include "files.h"
#include "folder.h"
#include "host_cache.h"
#include "linux.h"

#include <kozo/protocol.h>
#include <string.h>

constexpr uint64_t NANOSECONDS = 1'000'000'000;
constexpr uint32_t BUCKETS = 1024;
constexpr uint32_t MAGIC = 0x0102'1997; // as 9p
constexpr uint64_t FIRST_PLACE = 2;     // of an entry of a folder, behind "." and ".."
constexpr uint64_t TOP = 1;             // the folder that holds all places

struct host_node {
    struct node node;
    uint64_t file; // number at the file server
    struct host_node *hash_next;
    struct kozo_node_stat known;
};

struct host_system {
    struct file_system system;
    bool fixed;
};

static struct host_node *bucket[BUCKETS];

static const struct node_operations operations;

static struct host_node *host_of(const struct node *node)
{
    return node->own;
}

static bool is_fixed(const struct node *node)
{
    const struct host_system *system = node->system->own;
    return system->fixed;
}

// What a program is told. A grant that was taken back is refused where a name is asked for, and an error of the device where something
// is open.
static int64_t error_of(enum kozo_error error, bool of_name)
{
    switch (error) {
    case KOZO_OK:
        return 0;
    case KOZO_BAD_ARGUMENT:
        return -EINVAL;
    case KOZO_BAD_HANDLE:
        return of_name ? -ENOENT : -EIO;
    case KOZO_SLOT_TAKEN:
        return -EEXIST;
    case KOZO_BAD_TYPE:
        return of_name ? -ENOTDIR : -EINVAL;
    case KOZO_BAD_STATE:
        return -ENOTEMPTY;
    case KOZO_NO_RIGHT:
        return -EACCES;
    case KOZO_NO_MEMORY:
        return -ENOSPC;
    case KOZO_EXPIRED:
        return of_name ? -EACCES : -EIO;
    default:
        return -EIO;
    }
}

static uint32_t mode_of(uint32_t kind, uint32_t permissions)
{
    uint32_t bits = kind == KOZO_NODE_FILE     ? S_IFREG
                    : kind == KOZO_NODE_FOLDER ? S_IFDIR
                    : kind == KOZO_NODE_LINK   ? S_IFLNK
                                               : S_IFSOCK;
    return bits | (permissions & MODE_PERMISSIONS);
}

static void learn(struct host_node *host, const struct kozo_node_stat *stat)
{
    host->known = *stat;
    host->node.mode = mode_of(stat->kind, stat->mode);
    host->node.user = (uint32_t)stat->user;
    host->node.group = (uint32_t)stat->group;
}

static struct host_node **place_of(const struct file_system *system, uint64_t inode)
{
    struct host_node **place = &bucket[(inode ^ (uintptr_t)system >> 6) % BUCKETS];
    while (*place != nullptr &&
           ((*place)->node.inode != inode || (*place)->node.system != system)) {
        place = &(*place)->hash_next;
    }
    return place;
}

// The node of what a walk or a make opened; takes its number over.
static struct node_result node_of(struct file_system *system, uint64_t file,
                                  const struct kozo_node_stat *stat)
{
    struct host_node *host = *place_of(system, stat->node);
    if (host != nullptr) {
        files_close(file);
        node_keep(&host->node);
        learn(host, stat);
        return (struct node_result){.node = &host->node};
    }
    host = store_take(sizeof *host);
    if (host == nullptr) {
        files_close(file);
        return (struct node_result){.error = -ENOMEM};
    }
    host->node = (struct node){
        .operations = &operations, .system = system, .count = 1, .inode = stat->node, .own = host};
    host->file = file;
    learn(host, stat);
    struct host_node **place = place_of(system, stat->node);
    host->hash_next = *place;
    *place = host;
    return (struct node_result){.node = &host->node};
}

static void drop(struct node *node)
{
    struct host_node *host = host_of(node);
    *place_of(node->system, node->inode) = host->hash_next;
    chunks_forget(node);
    files_close(host->file);
    store_give(host, sizeof *host);
}

// Walks one name, or none. When the file server has no more numbers for us, those of cached names are given back first.
static struct node_result walk(struct file_system *system, uint64_t folder, struct name name)
{
    struct files_piece piece = files_piece_take();
    memcpy(piece.bytes, name.bytes, name.length);
    struct files_walked walked = files_walk(folder, &piece, name.length);
    if (walked.error == KOZO_NO_MEMORY) {
        entries_clear();
        memcpy(piece.bytes, name.bytes, name.length);
        walked = files_walk(folder, &piece, name.length);
    }
    struct kozo_node_stat stat;
    memcpy(&stat, piece.bytes, sizeof stat);
    files_piece_give(piece);
    if (walked.error != KOZO_OK) {
        return (struct node_result){.error = error_of(walked.error, true)};
    }
    return node_of(system, walked.file, &stat);
}

static struct node_result look(struct node *folder, struct name name)
{
    if (!S_ISDIR(folder->mode)) {
        return (struct node_result){.error = -ENOTDIR};
    }
    return walk(folder->system, host_of(folder)->file, name);
}

static int64_t learn_anew(struct host_node *host)
{
    struct files_piece piece = files_piece_take();
    enum kozo_error error = files_stat(host->file, &piece);
    struct kozo_node_stat stat;
    memcpy(&stat, piece.bytes, sizeof stat);
    files_piece_give(piece);
    if (error == KOZO_OK) {
        learn(host, &stat);
    }
    return error_of(error, false);
}

static int64_t seconds(uint64_t time, uint32_t *nanoseconds)
{
    *nanoseconds = (uint32_t)(time % NANOSECONDS);
    return (int64_t)(time / NANOSECONDS);
}

static int64_t tell(struct node *node, struct linux_stat *stat)
{
    struct host_node *host = host_of(node);
    int64_t error = is_fixed(node) ? 0 : learn_anew(host);
    if (error != 0) {
        return error;
    }
    const struct kozo_node_stat *known = &host->known;
    *stat = (struct linux_stat){
        .device = node->system->device,
        .inode = node->inode,
        .mode = node->mode,
        .links = known->links,
        .user = node->user,
        .group = node->group,
        .size = known->size,
        .block_size = PAGE_BYTES,
        .blocks = known->blocks,
    };
    stat->accessed_s = seconds(known->accessed, &stat->accessed_ns);
    stat->modified_s = seconds(known->modified, &stat->modified_ns);
    stat->changed_s = seconds(known->changed, &stat->changed_ns);
    return 0;
}

static int64_t link_target(struct node *node, char *target, size_t size)
{
    struct files_piece piece = files_piece_take();
    size_t most = size < piece.size ? size : piece.size;
    struct files_moved moved = files_read(host_of(node)->file, 0, &piece, most);
    size_t length = moved.done < most ? moved.done : most;
    if (moved.error == KOZO_OK) {
        memcpy(target, piece.bytes, length);
    }
    files_piece_give(piece);
    return moved.error == KOZO_OK ? (int64_t)length : error_of(moved.error, false);
}

// Changing names. What is put into a piece always fits: a piece has room for two names and a target.

static size_t put_names(const struct files_piece *piece, struct name first, struct name second)
{
    memcpy(piece->bytes, first.bytes, first.length);
    if (second.length > 0) {
        memcpy(piece->bytes + first.length, second.bytes, second.length);
    }
    return first.length + second.length;
}

static uint64_t kind_of(uint32_t mode)
{
    return S_ISREG(mode)   ? KOZO_NODE_FILE
           : S_ISDIR(mode) ? KOZO_NODE_FOLDER
           : S_ISLNK(mode) ? KOZO_NODE_LINK
                           : KOZO_NODE_OTHER;
}

static struct node_result make(struct node *folder, struct name name, const struct new_node *what)
{
    uint64_t kind = kind_of(what->mode);
    if (kind == KOZO_NODE_OTHER) {
        return (struct node_result){.error = -EPERM};
    }
    struct files_piece piece = files_piece_take();
    (void)put_names(&piece, name, what->target);
    struct files_walked made =
        files_make(host_of(folder)->file, kind, what->mode & MODE_PERMISSIONS, &piece, name.length,
                   what->target.length);
    enum kozo_error error = made.error;
    if (error == KOZO_OK) {
        error = files_stat(made.file, &piece);
        if (error != KOZO_OK) {
            files_close(made.file);
        }
    }
    struct kozo_node_stat stat;
    memcpy(&stat, piece.bytes, sizeof stat);
    files_piece_give(piece);
    if (error != KOZO_OK) {
        return (struct node_result){.error = error_of(error, true)};
    }
    return node_of(folder->system, made.file, &stat);
}

static int64_t add_name(struct node *folder, struct name name, struct node *node)
{
    struct files_piece piece = files_piece_take();
    size_t length = put_names(&piece, name, (struct name){});
    enum kozo_error error = files_link(host_of(node)->file, host_of(folder)->file, &piece, length);
    files_piece_give(piece);
    return error_of(error, true);
}

static int64_t remove_name(struct node *folder, struct name name, struct node *node, bool of_folder)
{
    (void)node;
    struct files_piece piece = files_piece_take();
    size_t length = put_names(&piece, name, (struct name){});
    enum kozo_error error = files_remove(host_of(folder)->file, &piece, length,
                                         of_folder ? KOZO_NODE_FOLDER : KOZO_NODE_FILE);
    files_piece_give(piece);
    return error_of(error, true);
}

static int64_t move_name(struct node *folder, struct name name, struct node *to,
                         struct name to_name, struct node *over, uint32_t flags)
{
    if (flags != 0) {
        return -EINVAL;
    }
    struct files_piece piece = files_piece_take();
    (void)put_names(&piece, name, to_name);
    enum kozo_error error = files_rename(host_of(folder)->file, host_of(to)->file, &piece,
                                         name.length, to_name.length, over != nullptr);
    files_piece_give(piece);
    return error_of(error, true);
}

static uint64_t time_of(int64_t whole, uint32_t nanoseconds)
{
    return whole < 0 ? 0 : (uint64_t)whole * NANOSECONDS + nanoseconds;
}

// Which bits of the protocol stand for what is to change.
static uint32_t changes_of(uint32_t what)
{
    return ((what & CHANGE_MODE) != 0 ? KOZO_CHANGE_MODE : 0) |
           ((what & CHANGE_OWNER) != 0 ? KOZO_CHANGE_OWNER : 0) |
           ((what & CHANGE_ACCESSED) != 0 ? KOZO_CHANGE_ACCESSED : 0) |
           ((what & CHANGE_MODIFIED) != 0 ? KOZO_CHANGE_MODIFIED : 0) |
           ((what & CHANGE_SIZE) != 0 ? KOZO_CHANGE_SIZE : 0);
}

static int64_t change(struct node *node, const struct linux_stat *stat, uint32_t what)
{
    struct host_node *host = host_of(node);
    // Nobody is refused to leave the owner as it is.
    if (stat->user == node->user && stat->group == node->group) {
        what &= ~(uint32_t)CHANGE_OWNER;
    }
    if (what == 0) {
        return 0;
    }
    struct kozo_node_stat record = {
        .node = node->inode,
        .mode = stat->mode & MODE_PERMISSIONS,
        .size = stat->size,
        .user = stat->user,
        .group = stat->group,
        .accessed = time_of(stat->accessed_s, stat->accessed_ns),
        .modified = time_of(stat->modified_s, stat->modified_ns),
    };
    struct files_piece piece = files_piece_take();
    memcpy(piece.bytes, &record, sizeof record);
    enum kozo_error error = files_change(host->file, &piece, changes_of(what));
    files_piece_give(piece);
    if (error == KOZO_OK && (what & CHANGE_SIZE) != 0) {
        chunks_forget(node);
        mappings_cut(node, (stat->size + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES);
    }
    if (error == KOZO_NO_RIGHT && (what & CHANGE_OWNER) != 0) {
        return -EPERM;
    }
    return error != KOZO_OK ? error_of(error, false) : learn_anew(host);
}

// Open files.

// Small reads of what does not change come from whole chunks; the pages are counted over the copy.
static int64_t read_chunks(struct file *file, struct transfer *transfer, uint64_t offset)
{
    const struct host_node *host = host_of(file->node);
    int64_t error = 0;
    while (error == 0 && transfer_left(transfer) > 0 && offset < host->known.size) {
        struct chunk_result chunk = chunk_get(file->node, host->file, offset / CHUNK_SIZE);
        if (chunk.error != 0) {
            return transfer_result(transfer, chunk.error);
        }
        uint64_t end = (offset / CHUNK_SIZE + 1) * CHUNK_SIZE;
        end = end < host->known.size ? end : host->known.size;
        while (error == 0 && transfer_left(transfer) > 0 && offset < end) {
            page_number page = chunk.first + (page_number)(offset % CHUNK_SIZE / PAGE_BYTES);
            const uint8_t *bytes = page_bytes(page);
            uint64_t room = PAGE_BYTES - offset % PAGE_BYTES;
            size_t part = transfer_left(transfer);
            part = part < room ? part : room;
            part = part < end - offset ? part : end - offset;
            error = transfer_give(transfer, bytes + offset % PAGE_BYTES, part);
            offset += part;
        }
        for (uint32_t i = 0; i < CHUNK_OF_PAGES; i++) {
            page_drop(chunk.first + i);
        }
    }
    return transfer_result(transfer, error);
}

static int64_t read_file(struct file *file, struct transfer *transfer, uint64_t offset)
{
    const struct host_node *host = host_of(file->node);
    if (is_fixed(file->node) &&
        (transfer->size < CHUNK_SIZE || chunk_find(file->node, offset / CHUNK_SIZE) != nullptr)) {
        return read_chunks(file, transfer, offset);
    }
    struct files_piece piece = files_piece_take();
    int64_t error = 0;
    bool more = true;
    while (error == 0 && more && transfer_left(transfer) > 0) {
        size_t left = transfer_left(transfer);
        size_t wanted = left < piece.size ? left : piece.size;
        struct files_moved moved = files_read(host->file, offset + transfer->done, &piece, wanted);
        size_t got = moved.done < wanted ? moved.done : wanted;
        error = error_of(moved.error, false);
        if (error == 0) {
            error = transfer_give(transfer, piece.bytes, got);
            more = got == wanted;
        }
    }
    files_piece_give(piece);
    return transfer_result(transfer, error);
}

static int64_t write_file(struct file *file, struct transfer *transfer, uint64_t offset)
{
    const struct host_node *host = host_of(file->node);
    struct files_piece piece = files_piece_take();
    int64_t error = 0;
    size_t written = 0;
    while (error == 0 && transfer_left(transfer) > 0) {
        size_t left = transfer_left(transfer);
        size_t wanted = left < piece.size ? left : piece.size;
        error = transfer_take(transfer, piece.bytes, wanted);
        if (error != 0) {
            break;
        }
        uint64_t where = offset == APPEND ? APPEND : offset + written;
        struct files_moved moved = files_write(host->file, where, &piece, wanted);
        error = error_of(moved.error, false);
        if (error == 0) {
            size_t taken = moved.done < wanted ? moved.done : wanted;
            chunks_write(file->node, moved.end - taken, piece.bytes, taken);
            written += taken;
            transfer->end = moved.end;
            error = moved.done < wanted ? -ENOSPC : 0;
        }
    }
    files_piece_give(piece);
    return written > 0 ? (int64_t)written : error;
}

static int64_t resize(struct file *file, uint64_t size)
{
    struct linux_stat stat = {.size = size};
    return change(file->node, &stat, CHANGE_SIZE);
}

static int64_t settle(struct file *file, bool data_only)
{
    (void)data_only;
    return error_of(files_sync(host_of(file->node)->file, false), false);
}

// Mappings show pages of the sandbox's own, which follow what it writes to the file itself. What is written to a mapping can't go back
// that way, so a shared one that may be written is refused.
static int64_t pages(struct file *file, uint64_t offset, bool write, struct page_run *run)
{
    struct host_node *host = host_of(file->node);
    if (write) {
        return -EACCES;
    }
    int64_t error = is_fixed(file->node) ? 0 : learn_anew(host);
    if (error != 0) {
        return error;
    }
    uint64_t start = offset / CHUNK_SIZE * CHUNK_SIZE;
    uint64_t end = (host->known.size + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    if (offset >= end) {
        return -ENXIO;
    }
    struct chunk_result chunk = chunk_get(file->node, host->file, offset / CHUNK_SIZE);
    if (chunk.error != 0) {
        return chunk.error;
    }
    uint32_t count = CHUNK_OF_PAGES;
    while (count * PAGE_BYTES > end - start) {
        page_drop(chunk.first + --count);
    }
    *run = (struct page_run){.start = start, .size = count * PAGE_BYTES, .page = chunk.first};
    return 0;
}

static const struct file_operations file_operations = {
    .kind = "file",
    .read = read_file,
    .write = write_file,
    .truncate = resize,
    .sync = settle,
    .pages = pages,
    .sized = true,
};

// Gives the entries that lie in a piece, of which the first `size` bytes count. 0 when all were given.
static int64_t give_entries(struct file *file, struct transfer *transfer, const uint8_t *bytes,
                            size_t size)
{
    int64_t error = 0;
    size_t at = 0;
    while (error == 0 && size - at >= sizeof(struct kozo_folder_entry)) {
        struct kozo_folder_entry entry;
        memcpy(&entry, bytes + at, sizeof entry);
        at += sizeof entry;
        if (entry.length == 0 || entry.length > LINUX_NAME_MOST || entry.length > size - at) {
            return -EIO;
        }
        struct name name = {(const char *)bytes + at, entry.length};
        uint64_t next = entry.next + FIRST_PLACE;
        error = list_entry(transfer, name, entry.node, next, mode_of(entry.kind, 0));
        if (error == 0) {
            file->offset = next;
        }
        size_t padded = (entry.length + 7u) & ~(size_t)7;
        at += padded < size - at ? padded : size - at;
    }
    return error;
}

static int64_t list_dots(struct file *file, struct transfer *transfer)
{
    const struct name itself = {".", 1};
    const struct name above = {"..", 2};
    int64_t error = 0;
    if (file->offset == 0) {
        error = list_entry(transfer, itself, file->node->inode, 1, S_IFDIR);
        file->offset += error == 0;
    }
    if (error == 0 && file->offset == 1) {
        error = list_entry(transfer, above, file->node->inode, FIRST_PLACE, S_IFDIR);
        file->offset += error == 0;
    }
    return error;
}

static int64_t list(struct file *file, struct transfer *transfer)
{
    int64_t error = list_dots(file, transfer);
    struct files_piece piece = files_piece_take();
    while (error == 0) {
        struct files_moved moved =
            files_list(host_of(file->node)->file, file->offset - FIRST_PLACE, &piece);
        error = error_of(moved.error, false);
        if (error != 0 || moved.done == 0) {
            break;
        }
        error = give_entries(file, transfer, piece.bytes,
                             moved.done < piece.size ? moved.done : piece.size);
    }
    files_piece_give(piece);
    return error < 0 ? transfer_result(transfer, error) : (int64_t)transfer->done;
}

static int64_t seek_folder(struct file *file, int64_t offset, int whence)
{
    if (whence == SEEK_CUR) {
        offset += (int64_t)file->offset;
    } else if (whence != SEEK_SET) {
        return -EINVAL;
    }
    if (offset < 0) {
        return -EINVAL;
    }
    file->offset = (uint64_t)offset;
    return offset;
}

static const struct file_operations folder_operations = {
    .kind = "folder",
    .seek = seek_folder,
    .sync = settle,
    .list = list,
};

static int64_t open_node(struct node *node, struct file *file)
{
    if (!S_ISREG(node->mode) && !S_ISDIR(node->mode)) {
        return -ENXIO;
    }
    file->operations = S_ISDIR(node->mode) ? &folder_operations : &file_operations;
    return 0;
}

static const struct node_operations operations = {
    .look = look,
    .stat = tell,
    .link_target = link_target,
    .open = open_node,
    .make = make,
    .link = add_name,
    .remove = remove_name,
    .rename = move_name,
    .change = change,
    .drop = drop,
};

// The file system.

static int64_t describe(struct file_system *system, uint64_t *block, uint64_t *blocks,
                        uint64_t *free, uint64_t *nodes, uint64_t *free_nodes)
{
    const struct node *root = system->root;
    struct files_space space = files_describe(host_of(root)->file);
    if (space.error != KOZO_OK) {
        return error_of(space.error, false);
    }
    *block = space.block;
    *blocks = space.blocks;
    *free = space.free;
    *nodes = space.nodes;
    *free_nodes = 0;
    return 0;
}

int64_t host_system(const char *place, uint32_t device, bool read_only, bool fixed,
                    struct node **root)
{
    struct host_system *host = store_take(sizeof *host);
    if (host == nullptr) {
        return -ENOMEM;
    }
    host->fixed = fixed;
    host->system = (struct file_system){
        .type = "9p",
        .source = "host",
        .device = linux_device(0, device),
        .read_only = read_only,
        .keeps = fixed,
        .magic = MAGIC,
        .describe = describe,
        .own = host,
    };
    struct node_result found = walk(&host->system, TOP, (struct name){place, strlen(place)});
    if (found.error != 0) {
        store_give(host, sizeof *host);
        return found.error;
    }
    host->system.root = found.node;
    *root = found.node;
    return 0;
}

void host_system_drop(struct node *root)
{
    struct host_system *host = root->system->own;
    node_drop(root);
    store_give(host, sizeof *host);
}
