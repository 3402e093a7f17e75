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
constexpr uint64_t FIRST_PLACE = 2;     // of a name in a folder, behind "." and ".."
constexpr uint32_t MAGIC = 0x0102'1994; // as tmpfs

static const struct node_operations operations;

static void touch(struct ram_node *node)
{
    node->modified = clock_realtime();
    node->changed = node->modified;
}

static struct ram_node *named(const struct folder_name *name)
{
    return name->what;
}

// Gives a node a name; takes its count over.
static void put_name(struct ram_node *folder, struct folder_name *name, struct ram_node *node)
{
    folder_name_put(&folder->names, name, node);
    touch(folder);
}

// Takes a name out of its folder; its node's count is the caller's then.
static struct ram_node *take_name(struct ram_node *folder, struct folder_name *name)
{
    struct ram_node *node = folder_name_take(&folder->names, name);
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
    folder_names_end(&ram->names);
    if (ram->target != nullptr) {
        store_give(ram->target, ram->size);
    }
    ram_free_contents(ram);
    ram_free_attributes(ram);
    store_give(ram, sizeof *ram);
}

static struct node_result look(struct node *node, struct name name)
{
    if (!S_ISDIR(node->mode)) {
        return (struct node_result){.error = -ENOTDIR};
    }
    const struct folder_name *found = folder_name_find(&ram_of(node)->names, name);
    if (found == nullptr) {
        return (struct node_result){.error = -ENOENT};
    }
    node_keep(&named(found)->node);
    return (struct node_result){.node = &named(found)->node};
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
    bool has_name = name.length > 0;
    if (has_name && folder_name_find(&parent->names, name) != nullptr) {
        return (struct node_result){.error = -EEXIST};
    }
    struct ram_node *node = ram_make(folder->system, what->mode);
    struct folder_name *made =
        node != nullptr && has_name ? folder_name_make(&parent->names, name) : nullptr;
    bool ready = node != nullptr && (!has_name || made != nullptr) &&
                 (!S_ISLNK(what->mode) || set_target(node, what->target));
    if (!ready) {
        if (made != nullptr) {
            folder_name_free(made);
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
    if (has_name) {
        node->links++;
        node_keep(&node->node);
        put_name(parent, made, node);
    }
    return (struct node_result){.node = &node->node};
}

static int64_t add_name(struct node *folder, struct name name, struct node *node)
{
    struct ram_node *parent = ram_of(folder);
    struct folder_name *made = folder_name_make(&parent->names, name);
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
    struct folder_name *found = folder_name_find(&parent->names, name);
    if (found == nullptr) {
        return -ENOENT;
    }
    if (of_folder && named(found)->names.count > 0) {
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

static void exchange(struct ram_node *from, struct folder_name *first, struct ram_node *to,
                     struct folder_name *second)
{
    struct ram_node *node = named(first);
    first->what = second->what;
    second->what = node;
    set_parent(node, from, to);
    set_parent(named(first), to, from);
    touch(from);
    touch(to);
}

static int64_t move_name(struct node *folder, struct name name, struct node *to_folder,
                         struct name to_name, struct node *over, uint32_t flags)
{
    (void)over;
    struct ram_node *from = ram_of(folder);
    struct ram_node *to = ram_of(to_folder);
    struct folder_name *found = folder_name_find(&from->names, name);
    struct folder_name *taken = folder_name_find(&to->names, to_name);
    if (found == nullptr) {
        return -ENOENT;
    }
    if (flags != 0 && taken != nullptr) {
        exchange(from, found, to, taken);
        return 0;
    }
    if (taken != nullptr && named(taken)->names.count > 0) {
        return -ENOTEMPTY;
    }
    struct folder_name *made = folder_name_make(&to->names, to_name);
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
    const struct folder_name *name = folder->names.first;
    while (error == 0) {
        while (name != nullptr && FIRST_PLACE + name->place < file->offset) {
            name = name->next;
        }
        if (name == nullptr) {
            break;
        }
        struct name shown = {name->bytes, name->length};
        uint64_t next = FIRST_PLACE + name->place + 1;
        uint32_t count = folder->names.count;
        error = list_entry(transfer, shown, named(name)->node.inode, next, named(name)->node.mode);
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

static bool differs(struct node *node, struct name name)
{
    return folder_name_find(&ram_of(node)->names, name) != nullptr;
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
    .differs = differs,
    .attribute = ram_attribute,
    .attributes = ram_attributes,
    .set_attribute = ram_set_attribute,
    .remove_attribute = ram_remove_attribute,
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
