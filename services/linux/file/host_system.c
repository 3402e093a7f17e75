// SPDX-License-Identifier: MIT
// Files that the file server gives. A node stands for a file that is open there, by the number that it gave; what is reached by two
// names is one node. Where nothing can change, what is known of a node is kept; elsewhere it is asked for each time.
//
// A new life of the file server knows none of its numbers, and one of a volume, or of the host's own server, leaves numbers without
// a file behind. So a node remembers where it was found last, and is found there again when it is next used, if the same file
// still has that name.
#include "host_system.h"

#include "../core/errno.h"
#include "../core/store.h"
#include "../memory/backing.h"
#include "entry.h"
#include "file.h"
#include "folder.h"
#include "host_cache.h"
#include "host_node.h"
#include "host_written.h"
#include "linux.h"

#include <kozo/protocol.h>
#include <string.h>

constexpr uint64_t NANOSECONDS = 1'000'000'000;
constexpr uint32_t BUCKETS = 1024;
constexpr uint32_t MAGIC = 0x0102'1997; // as 9p
constexpr uint64_t FIRST_PLACE = 2;     // of an entry of a folder, behind "." and ".."
constexpr uint64_t TOP = 1;             // the folder that holds all places

struct host_system {
    struct file_system system;
    bool fixed;
    struct host_system *next; // of all
    char place[LINUX_NAME_MOST + 1];
};

static struct host_system *systems;

static struct host_node *bucket[BUCKETS];

static const struct node_operations operations;

bool host_is_fixed(const struct node *node)
{
    const struct host_system *system = node->system->own;
    return system->fixed && !host_of(node)->doubted;
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

// --- Names ------------------------------------------------------------------------------------------

// Writes where a node was found at the start of a piece. 0: that is not known.
static size_t put_way(const struct host_node *host, const struct files_piece *piece)
{
    const struct host_system *system = host->node.system->own;
    size_t start = strlen(system->place);
    size_t at = piece->size;
    for (; host->folder != nullptr; host = host->folder) {
        if (at < start + host->length + 1u) {
            return 0;
        }
        at -= host->length;
        memcpy(piece->bytes + at, host->name, host->length);
        piece->bytes[--at] = '/';
    }
    if (&host->node != system->system.root) {
        return 0;
    }
    memcpy(piece->bytes, system->place, start);
    memmove(piece->bytes + start, piece->bytes + at, piece->size - at);
    return start + piece->size - at;
}

static void find_anew(struct host_node *host)
{
    uint32_t life = files_life();
    struct files_piece piece = files_piece_take();
    size_t length = put_way(host, &piece);
    struct kozo_node_stat stat = {};
    struct files_walked walked = {.error = KOZO_BAD_HANDLE};
    if (length > 0) {
        walked = files_walk(TOP, &piece, length);
        memcpy(&stat, piece.bytes, sizeof stat);
    }
    files_piece_give(piece);
    if (walked.error != KOZO_OK) {
        return;
    }
    // Another file may have the name by now, or somebody was faster.
    if (stat.node != host->node.inode || host->life == life) {
        files_close(walked.file);
        return;
    }
    host->file = walked.file;
    host->life = life;
}

uint64_t host_number(struct host_node *host)
{
    if (host->life != files_life()) {
        find_anew(host);
    }
    return host->life == files_life() ? host->file : 0;
}

void host_forget_number(struct host_node *host)
{
    if (host->life == files_life()) {
        files_close(host->file);
    }
    host->life = 0;
    host->file = 0;
}

int64_t host_told(struct host_node *host, enum kozo_error error)
{
    if (error == KOZO_NO_REPLY || error == KOZO_BAD_HANDLE) {
        host_forget_number(host);
    }
    return error_of(error, false);
}

static void remember(struct host_node *host, struct host_node *folder, struct name name)
{
    if (host->folder == folder && host->length == name.length &&
        memcmp(host->name, name.bytes, name.length) == 0) {
        return;
    }
    char *copy = store_take(name.length);
    if (copy == nullptr) {
        return;
    }
    memcpy(copy, name.bytes, name.length);
    node_keep(&folder->node);
    if (host->folder != nullptr) {
        store_give(host->name, host->length);
        node_drop(&host->folder->node);
    }
    host->folder = folder;
    host->name = copy;
    host->length = (uint8_t)name.length;
}

// --- Nodes ------------------------------------------------------------------------------------------

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

// The node of what a walk or a make opened in this life of the file server; takes its number over.
static struct node_result node_of(struct file_system *system, uint64_t file, uint32_t life,
                                  const struct kozo_node_stat *stat)
{
    struct host_node *host = *place_of(system, stat->node);
    if (host != nullptr) {
        if (host->life == life) {
            files_close(file);
        } else {
            host->file = file;
            host->life = life;
        }
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
    host->life = life;
    host->kept_size = stat->size;
    host->kept_modified = stat->modified;
    learn(host, stat);
    struct host_node **place = place_of(system, stat->node);
    host->hash_next = *place;
    *place = host;
    return (struct node_result){.node = &host->node};
}

// The folders above may have been there for its sake alone.
static void drop(struct node *node)
{
    struct host_node *host = host_of(node);
    while (host != nullptr) {
        struct host_node *folder = host->folder;
        *place_of(host->node.system, host->node.inode) = host->hash_next;
        chunks_forget(&host->node);
        host_forget_number(host);
        if (folder != nullptr) {
            store_give(host->name, host->length);
        }
        store_give(host, sizeof *host);
        host = folder != nullptr && --folder->node.count == 0 ? folder : nullptr;
    }
}

// Walks one name, or none. When the file server has no more numbers for us, those of cached names are given back first.
static struct node_result walk(struct file_system *system, uint64_t folder, struct name name)
{
    uint32_t life = files_life();
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
    return node_of(system, walked.file, life, &stat);
}

// Whether a name may not have been found because its folder's number stands for nothing.
static bool was_lost(int64_t error, uint32_t life)
{
    return error == -EIO || (error == -ENOENT && life != files_life());
}

static struct node_result look(struct node *folder, struct name name)
{
    struct node_result found = {.error = -ENOTDIR};
    if (!S_ISDIR(folder->mode)) {
        return found;
    }
    uint32_t life = files_life();
    found = walk(folder->system, host_number(host_of(folder)), name);
    if (was_lost(found.error, life)) {
        host_forget_number(host_of(folder));
        found = walk(folder->system, host_number(host_of(folder)), name);
    }
    if (found.node != nullptr) {
        remember(host_of(found.node), host_of(folder), name);
    }
    return found;
}

int64_t host_learn_by(struct host_node *host, uint64_t number, const struct files_piece *piece)
{
    enum kozo_error error = files_stat(number, piece);
    if (error == KOZO_OK) {
        struct kozo_node_stat stat;
        memcpy(&stat, piece->bytes, sizeof stat);
        learn(host, &stat);
        host->doubted = false;
    }
    return host_told(host, error);
}

static int64_t ask_anew(struct host_node *host)
{
    uint64_t number = host_number(host);
    struct files_piece piece = files_piece_take();
    int64_t error = host_learn_by(host, number, &piece);
    files_piece_give(piece);
    return error;
}

int64_t host_learn(struct host_node *host)
{
    int64_t error = ask_anew(host);
    return error == -EIO ? ask_anew(host) : error;
}

static int64_t seconds(uint64_t time, uint32_t *nanoseconds)
{
    *nanoseconds = (uint32_t)(time % NANOSECONDS);
    return (int64_t)(time / NANOSECONDS);
}

static int64_t tell(struct node *node, struct linux_stat *stat)
{
    struct host_node *host = host_of(node);
    int64_t error = host_is_fixed(node) ? 0 : host_learn(host);
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
    uint64_t number = host_number(host_of(node));
    struct files_piece piece = files_piece_take();
    size_t most = size < piece.size ? size : piece.size;
    struct files_moved moved = files_read(number, 0, &piece, most);
    size_t length = moved.done < most ? moved.done : most;
    if (moved.error == KOZO_OK) {
        memcpy(target, piece.bytes, length);
    }
    files_piece_give(piece);
    return moved.error == KOZO_OK ? (int64_t)length : host_told(host_of(node), moved.error);
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
    uint64_t number = host_number(host_of(folder));
    uint32_t life = files_life();
    struct files_piece piece = files_piece_take();
    (void)put_names(&piece, name, what->target);
    struct files_walked made = files_make(number, kind, what->mode & MODE_PERMISSIONS, &piece,
                                          name.length, what->target.length);
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
    struct node_result result = node_of(folder->system, made.file, life, &stat);
    if (result.node != nullptr) {
        remember(host_of(result.node), host_of(folder), name);
    }
    return result;
}

static int64_t add_name(struct node *folder, struct name name, struct node *node)
{
    uint64_t number = host_number(host_of(node));
    uint64_t above = host_number(host_of(folder));
    struct files_piece piece = files_piece_take();
    size_t length = put_names(&piece, name, (struct name){});
    enum kozo_error error = files_link(number, above, &piece, length);
    files_piece_give(piece);
    return error_of(error, true);
}

static int64_t remove_name(struct node *folder, struct name name, struct node *node, bool of_folder)
{
    (void)node;
    uint64_t number = host_number(host_of(folder));
    struct files_piece piece = files_piece_take();
    size_t length = put_names(&piece, name, (struct name){});
    enum kozo_error error =
        files_remove(number, &piece, length, of_folder ? KOZO_NODE_FOLDER : KOZO_NODE_FILE);
    files_piece_give(piece);
    return error_of(error, true);
}

static int64_t move_name(struct node *folder, struct name name, struct node *to,
                         struct name to_name, struct node *over, uint32_t flags)
{
    if (flags != 0) {
        return -EINVAL;
    }
    uint64_t number = host_number(host_of(folder));
    uint64_t target = host_number(host_of(to));
    struct files_piece piece = files_piece_take();
    (void)put_names(&piece, name, to_name);
    enum kozo_error error =
        files_rename(number, target, &piece, name.length, to_name.length, over != nullptr);
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

enum kozo_error host_change(uint64_t number, const struct files_piece *piece,
                            const struct kozo_node_stat *record, uint32_t what)
{
    memcpy(piece->bytes, record, sizeof *record);
    return files_change(number, piece, what);
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
    uint64_t number = host_number(host);
    struct files_piece piece = files_piece_take();
    enum kozo_error error = (what & CHANGE_SIZE) != 0
                                ? host_resize(host, number, &piece, &record, changes_of(what))
                                : host_change(number, &piece, &record, changes_of(what));
    files_piece_give(piece);
    if (error == KOZO_NO_RIGHT && (what & CHANGE_OWNER) != 0) {
        return -EPERM;
    }
    return error != KOZO_OK ? host_told(host, error) : host_learn(host);
}

// Extended attributes.

static int64_t attribute_error(enum kozo_error error, int64_t too_much)
{
    switch (error) {
    case KOZO_BAD_HANDLE:
        return -ENODATA;
    case KOZO_BAD_OPERATION:
        return -EOPNOTSUPP;
    case KOZO_NO_MEMORY:
        return too_much;
    default:
        return error_of(error, false);
    }
}

// What came for an answer into a piece; what does not fit, did not come.
static int64_t take_sized(struct files_sized sized, const struct files_piece *piece, void *to,
                          size_t room)
{
    if (sized.error != KOZO_OK) {
        return attribute_error(sized.error, -E2BIG);
    }
    if (sized.size > KOZO_ATTRIBUTE_MOST) {
        return -EIO;
    }
    if (sized.size > 0 && sized.size <= room) {
        memcpy(to, piece->bytes, sized.size);
    }
    return (int64_t)sized.size;
}

static size_t room_in(const struct files_piece *piece, size_t room)
{
    return room < piece->size ? room : piece->size;
}

static int64_t attribute(struct node *node, struct name name, uint8_t *value, size_t room)
{
    uint64_t number = host_number(host_of(node));
    struct files_piece piece = files_piece_take();
    memcpy(piece.bytes, name.bytes, name.length);
    struct files_sized sized = files_attribute(number, &piece, name.length, room_in(&piece, room));
    int64_t size = take_sized(sized, &piece, value, room);
    files_piece_give(piece);
    return size;
}

static int64_t attributes(struct node *node, char *names, size_t room)
{
    uint64_t number = host_number(host_of(node));
    struct files_piece piece = files_piece_take();
    struct files_sized sized = files_attributes(number, &piece, room_in(&piece, room));
    int64_t size = take_sized(sized, &piece, names, room);
    files_piece_give(piece);
    // A file system that has none has no names of any.
    return size == -EOPNOTSUPP ? 0 : size;
}

static int64_t set_attribute(struct node *node, struct name name, const uint8_t *value, size_t size,
                             uint32_t flags)
{
    static_assert(KOZO_ATTRIBUTE_NEW == 1 && KOZO_ATTRIBUTE_OVER == 2); // as setxattr's flags
    if (size > KOZO_ATTRIBUTE_MOST) {
        return -ENOSPC;
    }
    uint64_t number = host_number(host_of(node));
    struct files_piece piece = files_piece_take();
    memcpy(piece.bytes, name.bytes, name.length);
    if (size > 0) {
        memcpy(piece.bytes + name.length, value, size);
    }
    enum kozo_error error = files_set_attribute(number, &piece, name.length, size, flags);
    files_piece_give(piece);
    return attribute_error(error, -ENOSPC);
}

static int64_t remove_attribute(struct node *node, struct name name)
{
    uint64_t number = host_number(host_of(node));
    struct files_piece piece = files_piece_take();
    memcpy(piece.bytes, name.bytes, name.length);
    enum kozo_error error = files_remove_attribute(number, &piece, name.length);
    files_piece_give(piece);
    return attribute_error(error, -ENOSPC);
}

// Open folders.

static int64_t settle(struct file *file, bool data_only)
{
    (void)data_only;
    struct host_node *host = host_of(file->node);
    return host_told(host, files_sync(host_number(host), false));
}

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
    uint64_t number = host_number(host_of(file->node));
    struct files_piece piece = files_piece_take();
    while (error == 0) {
        struct files_moved moved = files_list(number, file->offset - FIRST_PLACE, &piece);
        error = host_told(host_of(file->node), moved.error);
        if (error != 0 || moved.done == 0) {
            break;
        }
        error = give_entries(file, transfer, piece.bytes,
                             moved.done < piece.size ? moved.done : piece.size);
    }
    files_piece_give(piece);
    return error < 0 ? transfer_result(transfer, error) : (int64_t)transfer->done;
}

static const struct file_operations folder_operations = {
    .kind = "folder",
    .seek = file_seek_folder,
    .sync = settle,
    .list = list,
};

// Contents that are kept are those of the file as it was opened, unless they are in use.
static void look_for_changes(struct host_node *host)
{
    const struct kozo_node_stat *known = &host->known;
    bool changed = known->size != host->kept_size || known->modified != host->kept_modified;
    if (changed && host->node.mappings == 0 && !host->written.listed) {
        chunks_forget(&host->node);
        host->kept_size = known->size;
        host->kept_modified = known->modified;
    }
}

static int64_t open_node(struct node *node, struct file *file)
{
    if (!S_ISREG(node->mode) && !S_ISDIR(node->mode)) {
        return -ENXIO;
    }
    // A descriptor's link leads here without the name being looked up.
    struct host_node *host = host_of(node);
    int64_t error = host->doubted ? host_learn(host) : 0;
    file->operations = S_ISDIR(node->mode) ? &folder_operations : &host_file_operations;
    look_for_changes(host);
    return error;
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
    .attribute = attribute,
    .attributes = attributes,
    .set_attribute = set_attribute,
    .remove_attribute = remove_attribute,
    .drop = drop,
};

// The file system.

static int64_t describe(struct file_system *system, uint64_t *block, uint64_t *blocks,
                        uint64_t *free, uint64_t *nodes, uint64_t *free_nodes)
{
    const struct node *root = system->root;
    struct files_space space = files_describe(host_number(host_of(root)));
    if (space.error != KOZO_OK) {
        return host_told(host_of(root), space.error);
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
        .of_host = true,
        .keeps = fixed,
        .magic = MAGIC,
        .describe = describe,
        .own = host,
    };
    struct node_result found = walk(&host->system, TOP, (struct name){place, strlen(place)});
    if (found.error == -EIO) {
        found = walk(&host->system, TOP, (struct name){place, strlen(place)});
    }
    if (found.error != 0) {
        store_give(host, sizeof *host);
        return found.error;
    }
    host->system.root = found.node;
    memcpy(host->place, place, strlen(place) + 1);
    host->next = systems;
    systems = host;
    *root = found.node;
    return 0;
}

// A write to what is mapped asks anew, and is refused.
static void guard_all(const struct file_system *system)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct host_node *host = bucket[i]; host != nullptr; host = host->hash_next) {
            if (host->node.system == system) {
                mappings_guard(&host->node, 0, UINT64_MAX);
            }
        }
    }
}

bool host_system_change(const char *place, bool read_only)
{
    struct host_system *host = systems;
    while (host != nullptr && (strcmp(host->place, place) != 0 || host->system.gone)) {
        host = host->next;
    }
    if (host != nullptr) {
        host->system.read_only = read_only;
        host->fixed = host->fixed && read_only;
        host->system.keeps = host->fixed;
        if (read_only) {
            guard_all(&host->system);
        }
    }
    return host != nullptr;
}

void host_system_gone(const char *name)
{
    for (struct host_system *host = systems; host != nullptr; host = host->next) {
        const char *last = strrchr(host->place, '/');
        host->system.gone =
            host->system.gone || strcmp(last != nullptr ? last + 1 : host->place, name) == 0;
    }
}

void host_node_doubt(struct node *node)
{
    if (node->operations == &operations) {
        host_of(node)->doubted = true;
        if (!written_doubt(host_of(node))) {
            chunks_forget(node);
        }
        mappings_cut(node, 0);
    }
}

void host_system_drop(struct node *root)
{
    struct host_system *host = root->system->own;
    struct host_system **place = &systems;
    while (*place != host) {
        place = &(*place)->next;
    }
    *place = host->next;
    node_drop(root);
    store_give(host, sizeof *host);
}
