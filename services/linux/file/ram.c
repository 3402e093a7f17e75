// SPDX-License-Identifier: MIT
// Files in RAM: nodes and names. A name counts its node; a node lives as long as it is counted.
#include "ram.h"

#include "../core/clock.h"
#include "../core/errno.h"
#include "../core/store.h"
#include "folder.h"
#include "linux.h"

#include <string.h>

constexpr uint64_t NANOSECONDS = 1'000'000'000;
constexpr uint32_t BUCKETS_AT_FIRST = 8;
constexpr uint32_t BUCKETS_MOST = 8192;
constexpr uint32_t MAGIC = 0x0102'1994; // as tmpfs
constexpr uint64_t FIRST_PLACE = 2;     // of a name in a folder, behind "." and ".."

struct ram_name {
    struct ram_name *bucket_next;
    struct ram_name *previous, *next;
    uint64_t place;
    struct ram_node *node;
    uint32_t hash;
    uint8_t length;
    char bytes[];
};

static const struct node_operations operations;

static uint32_t hash_of(struct name name)
{
    uint32_t hash = 2'166'136'261;
    for (size_t i = 0; i < name.length; i++) {
        hash = (hash ^ (uint8_t)name.bytes[i]) * 16'777'619;
    }
    return hash;
}

static struct ram_name *find(const struct ram_names *names, struct name name)
{
    if (names->buckets == 0) {
        return nullptr;
    }
    uint32_t hash = hash_of(name);
    struct ram_name *found = names->bucket[hash & (names->buckets - 1)];
    while (found != nullptr && (found->hash != hash || found->length != name.length ||
                                memcmp(found->bytes, name.bytes, name.length) != 0)) {
        found = found->bucket_next;
    }
    return found;
}

static void hash_in(struct ram_names *names, struct ram_name *name)
{
    struct ram_name **place = &names->bucket[name->hash & (names->buckets - 1)];
    name->bucket_next = *place;
    *place = name;
}

static void hash_out(struct ram_names *names, const struct ram_name *name)
{
    struct ram_name **place = &names->bucket[name->hash & (names->buckets - 1)];
    while (*place != name) {
        place = &(*place)->bucket_next;
    }
    *place = name->bucket_next;
}

static bool set_buckets(struct ram_names *names, uint32_t buckets)
{
    struct ram_name **bucket = (struct ram_name **)store_take(buckets * sizeof(struct ram_name *));
    if (bucket == nullptr) {
        return false;
    }
    if (names->buckets > 0) {
        store_give((void *)names->bucket, names->buckets * sizeof(struct ram_name *));
    }
    names->bucket = bucket;
    names->buckets = buckets;
    for (struct ram_name *name = names->first; name != nullptr; name = name->next) {
        hash_in(names, name);
    }
    return true;
}

// More buckets when there are more names than those; a table that can't grow is only slower.
static bool make_room(struct ram_names *names)
{
    if (names->buckets == 0) {
        return set_buckets(names, BUCKETS_AT_FIRST);
    }
    if (names->count >= names->buckets && names->buckets < BUCKETS_MOST) {
        (void)set_buckets(names, names->buckets * 2);
    }
    return true;
}

static void touch(struct ram_node *node)
{
    node->modified = clock_realtime();
    node->changed = node->modified;
}

static struct ram_name *make_name(struct ram_node *folder, struct name name)
{
    struct ram_names *names = &folder->names;
    struct ram_name *made = make_room(names) ? store_take(sizeof *made + name.length) : nullptr;
    if (made == nullptr) {
        return nullptr;
    }
    made->length = (uint8_t)name.length;
    made->hash = hash_of(name);
    memcpy(made->bytes, name.bytes, name.length);
    return made;
}

// Gives a node a name; takes its count over.
static void put_name(struct ram_node *folder, struct ram_name *name, struct ram_node *node)
{
    struct ram_names *names = &folder->names;
    name->node = node;
    name->place = FIRST_PLACE + names->next_place++;
    name->previous = names->last;
    name->next = nullptr;
    *(names->last != nullptr ? &names->last->next : &names->first) = name;
    names->last = name;
    hash_in(names, name);
    names->count++;
    touch(folder);
}

static void free_name(struct ram_name *name)
{
    store_give(name, sizeof *name + name->length);
}

// Takes a name out of its folder; its node's count is the caller's then.
static struct ram_node *take_name(struct ram_node *folder, struct ram_name *name)
{
    struct ram_names *names = &folder->names;
    struct ram_node *node = name->node;
    hash_out(names, name);
    *(name->previous != nullptr ? &name->previous->next : &names->first) = name->next;
    *(name->next != nullptr ? &name->next->previous : &names->last) = name->previous;
    names->count--;
    free_name(name);
    touch(folder);
    return node;
}

struct ram_node *ram_make(struct file_system *system, uint32_t mode)
{
    static uint64_t last_inode;
    struct ram_node *node = store_take(sizeof *node);
    if (node == nullptr) {
        return nullptr;
    }
    node->node = (struct node){.operations = &operations,
                               .system = system,
                               .count = 1,
                               .mode = mode,
                               .inode = ++last_inode,
                               .own = node};
    node->born = clock_realtime();
    node->accessed = node->born;
    node->modified = node->born;
    node->changed = node->born;
    return node;
}

static void drop(struct node *node)
{
    struct ram_node *ram = ram_of(node);
    // A folder has no names left when it is dropped, but at the end of its file system.
    while (ram->names.first != nullptr) {
        struct ram_node *child = take_name(ram, ram->names.first);
        child->parent = nullptr;
        node_drop(&child->node);
    }
    if (ram->names.buckets > 0) {
        store_give((void *)ram->names.bucket, ram->names.buckets * sizeof(struct ram_name *));
    }
    if (ram->target != nullptr) {
        store_give(ram->target, ram->size);
    }
    ram_free_contents(ram);
    store_give(ram, sizeof *ram);
}

static struct node_result look(struct node *node, struct name name)
{
    if (!S_ISDIR(node->mode)) {
        return (struct node_result){.error = -ENOTDIR};
    }
    struct ram_name *found = find(&ram_of(node)->names, name);
    if (found == nullptr) {
        return (struct node_result){.error = -ENOENT};
    }
    node_keep(&found->node->node);
    return (struct node_result){.node = &found->node->node};
}

static int64_t seconds(uint64_t time, uint32_t *nanoseconds)
{
    *nanoseconds = (uint32_t)(time % NANOSECONDS);
    return (int64_t)(time / NANOSECONDS);
}

static int64_t tell(struct node *node, struct linux_stat *stat)
{
    const struct ram_node *ram = ram_of(node);
    *stat = (struct linux_stat){
        .device = node->system->device,
        .inode = node->inode,
        .mode = node->mode,
        .links = ram->links,
        .user = node->user,
        .group = node->group,
        .special = ram->special,
        .size = S_ISDIR(node->mode) ? 20 * (2 + ram->names.count) : ram->size,
        .block_size = PAGE_BYTES,
        .blocks = ram->contents.pages * (PAGE_BYTES / 512),
    };
    stat->accessed_s = seconds(ram->accessed, &stat->accessed_ns);
    stat->modified_s = seconds(ram->modified, &stat->modified_ns);
    stat->changed_s = seconds(ram->changed, &stat->changed_ns);
    stat->born_s = seconds(ram->born, &stat->born_ns);
    return 0;
}

static int64_t link_target(struct node *node, char *target, size_t size)
{
    const struct ram_node *ram = ram_of(node);
    size_t length = ram->size < size ? ram->size : size;
    memcpy(target, ram->target, length);
    return (int64_t)length;
}

static bool set_target(struct ram_node *node, struct name target)
{
    node->target = store_take(target.length);
    if (node->target == nullptr) {
        return false;
    }
    memcpy(node->target, target.bytes, target.length);
    node->size = target.length;
    return true;
}

static struct node_result make(struct node *folder, struct name name, const struct new_node *what)
{
    struct ram_node *parent = ram_of(folder);
    bool named = name.length > 0;
    if (named && find(&parent->names, name) != nullptr) {
        return (struct node_result){.error = -EEXIST};
    }
    struct ram_node *node = ram_make(folder->system, what->mode);
    struct ram_name *made = node != nullptr && named ? make_name(parent, name) : nullptr;
    bool ready = node != nullptr && (!named || made != nullptr) &&
                 (!S_ISLNK(what->mode) || set_target(node, what->target));
    if (!ready) {
        if (made != nullptr) {
            free_name(made);
        }
        if (node != nullptr) {
            node_drop(&node->node);
        }
        return (struct node_result){.error = -ENOSPC};
    }
    node->node.user = what->user;
    node->node.group = what->group;
    node->special = what->special;
    if (S_ISDIR(what->mode)) {
        node->links = 1;
        node->parent = parent;
        parent->links++;
    }
    if (named) {
        node->links++;
        node_keep(&node->node);
        put_name(parent, made, node);
    }
    return (struct node_result){.node = &node->node};
}

static int64_t add_name(struct node *folder, struct name name, struct node *node)
{
    struct ram_node *parent = ram_of(folder);
    struct ram_name *made = make_name(parent, name);
    if (made == nullptr) {
        return -ENOSPC;
    }
    node_keep(node);
    ram_of(node)->links++;
    ram_of(node)->changed = clock_realtime();
    put_name(parent, made, ram_of(node));
    return 0;
}

// What losing a name does to a node, whose count is dropped.
static void lose_name(struct ram_node *folder, struct ram_node *node)
{
    node->links--;
    node->changed = clock_realtime();
    if (S_ISDIR(node->node.mode)) {
        node->links--;
        node->parent = nullptr;
        folder->links--;
    }
    node_drop(&node->node);
}

static int64_t remove_name(struct node *folder, struct name name, struct node *node, bool of_folder)
{
    (void)node;
    struct ram_node *parent = ram_of(folder);
    struct ram_name *found = find(&parent->names, name);
    if (found == nullptr) {
        return -ENOENT;
    }
    if (of_folder && found->node->names.count > 0) {
        return -ENOTEMPTY;
    }
    lose_name(parent, take_name(parent, found));
    return 0;
}

static void set_parent(struct ram_node *node, struct ram_node *from, struct ram_node *to)
{
    if (S_ISDIR(node->node.mode)) {
        node->parent = to;
        from->links--;
        to->links++;
    }
}

static void exchange(struct ram_node *from, struct ram_name *first, struct ram_node *to,
                     struct ram_name *second)
{
    struct ram_node *node = first->node;
    first->node = second->node;
    second->node = node;
    set_parent(node, from, to);
    set_parent(first->node, to, from);
    touch(from);
    touch(to);
}

static int64_t move_name(struct node *folder, struct name name, struct node *to_folder,
                         struct name to_name, struct node *over, uint32_t flags)
{
    (void)over;
    struct ram_node *from = ram_of(folder);
    struct ram_node *to = ram_of(to_folder);
    struct ram_name *found = find(&from->names, name);
    struct ram_name *taken = find(&to->names, to_name);
    if (found == nullptr) {
        return -ENOENT;
    }
    if (flags != 0 && taken != nullptr) {
        exchange(from, found, to, taken);
        return 0;
    }
    if (taken != nullptr && taken->node->names.count > 0) {
        return -ENOTEMPTY;
    }
    struct ram_name *made = make_name(to, to_name);
    if (made == nullptr) {
        return -ENOSPC;
    }
    if (taken != nullptr) {
        lose_name(to, take_name(to, taken));
    }
    struct ram_node *node = take_name(from, found);
    set_parent(node, from, to);
    node->changed = clock_realtime();
    put_name(to, made, node);
    return 0;
}

static uint64_t time_of(int64_t whole, uint32_t nanoseconds)
{
    return whole < 0 ? 0 : (uint64_t)whole * NANOSECONDS + nanoseconds;
}

static int64_t change(struct node *node, const struct linux_stat *stat, uint32_t what)
{
    struct ram_node *ram = ram_of(node);
    if ((what & CHANGE_SIZE) != 0) {
        int64_t error = ram_set_size(ram, stat->size);
        if (error != 0) {
            return error;
        }
    }
    if ((what & CHANGE_MODE) != 0) {
        node->mode = (node->mode & MODE_KIND) | (stat->mode & MODE_PERMISSIONS);
    }
    if ((what & CHANGE_OWNER) != 0) {
        node->user = stat->user;
        node->group = stat->group;
    }
    if ((what & CHANGE_ACCESSED) != 0) {
        ram->accessed = time_of(stat->accessed_s, stat->accessed_ns);
    }
    if ((what & CHANGE_MODIFIED) != 0) {
        ram->modified = time_of(stat->modified_s, stat->modified_ns);
    }
    ram->changed = clock_realtime();
    return 0;
}

int64_t ram_list(struct file *file, struct transfer *transfer)
{
    const struct name itself = {".", 1};
    const struct name above = {"..", 2};
    struct ram_node *folder = ram_of(file->node);
    int64_t error = 0;
    if (file->offset == 0) {
        error = list_entry(transfer, itself, file->node->inode, 1, S_IFDIR);
        file->offset += error == 0;
    }
    if (error == 0 && file->offset == 1) {
        uint64_t upper = folder->parent != nullptr ? folder->parent->node.inode : file->node->inode;
        error = list_entry(transfer, above, upper, FIRST_PLACE, S_IFDIR);
        file->offset += error == 0;
    }
    // Names are added at the end and never change places; the walk begins anew after each entry, since giving one may wait.
    const struct ram_name *name = folder->names.first;
    while (error == 0) {
        while (name != nullptr && name->place < file->offset) {
            name = name->next;
        }
        if (name == nullptr) {
            break;
        }
        struct name shown = {name->bytes, name->length};
        uint64_t next = name->place + 1;
        uint32_t count = folder->names.count;
        error = list_entry(transfer, shown, name->node->node.inode, next, name->node->node.mode);
        file->offset = error == 0 ? next : file->offset;
        if (folder->names.count != count) {
            name = folder->names.first;
        }
    }
    return error < 0 ? transfer_result(transfer, error) : (int64_t)transfer->done;
}

static int64_t describe(struct file_system *system, uint64_t *block, uint64_t *blocks,
                        uint64_t *free, uint64_t *nodes, uint64_t *free_nodes)
{
    (void)system;
    *block = PAGE_BYTES;
    *blocks = pages_there();
    *free = pages_free();
    *nodes = pages_there();
    *free_nodes = pages_free();
    return 0;
}

static const struct node_operations operations = {
    .look = look,
    .stat = tell,
    .link_target = link_target,
    .open = ram_open,
    .make = make,
    .link = add_name,
    .remove = remove_name,
    .rename = move_name,
    .change = change,
    .drop = drop,
};

struct node *ram_system(const char *source, uint32_t device, uint32_t mode)
{
    struct file_system *system = store_take(sizeof *system);
    struct ram_node *root = system != nullptr ? ram_make(system, S_IFDIR | mode) : nullptr;
    if (root == nullptr) {
        if (system != nullptr) {
            store_give(system, sizeof *system);
        }
        return nullptr;
    }
    *system = (struct file_system){
        .type = "tmpfs",
        .source = source,
        .device = linux_device(0, device),
        .keeps = true,
        .magic = MAGIC,
        .describe = describe,
    };
    root->links = 2;
    root->parent = root;
    return &root->node;
}

void ram_system_drop(struct node *root)
{
    struct file_system *system = root->system;
    node_drop(root);
    store_give(system, sizeof *system);
}
