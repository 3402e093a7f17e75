// SPDX-License-Identifier: MIT
// The layer's nodes and names. "Decode, then do" here means: all that may wait or need memory comes first, and the change of
// names is made in one go behind it.
#include "scratch.h"

#include "../core/clock.h"
#include "../core/errno.h"
#include "../core/store.h"
#include "../memory/backing.h"
#include "linux.h"
#include "ram.h"

#include <string.h>

constexpr uint32_t BUCKETS = 1024;
constexpr uint64_t MADE_HERE = UINT64_C(1) << 48; // inode numbers from here on are the layer's own
constexpr uint64_t NANOSECONDS = 1'000'000'000;

struct scratch_system {
    struct file_system system;
    struct node *ram; // the root of a file system that all nodes above are of
    uint64_t last_inode;
    struct scratch_node *bucket[BUCKETS]; // those over a node, by that
};

static const struct node_operations operations;

static struct scratch_system *system_of(const struct file_system *system)
{
    return system->own;
}

static struct scratch_node **place_of(const struct file_system *system, const struct node *below)
{
    struct scratch_node **place = &system_of(system)->bucket[((uintptr_t)below >> 6) % BUCKETS];
    while (*place != nullptr && (*place)->below != below) {
        place = &(*place)->hash_next;
    }
    return place;
}

static struct scratch_node *make_node(struct file_system *system, uint64_t inode)
{
    struct scratch_node *scratch = store_take(sizeof *scratch);
    if (scratch != nullptr) {
        scratch->node = (struct node){.operations = &operations,
                                      .system = system,
                                      .count = 1,
                                      .inode = inode,
                                      .own = scratch};
    }
    return scratch;
}

// What is told of a node follows from the one that counts now.
static void follow(struct scratch_node *scratch)
{
    const struct node *now = scratch_now(scratch);
    scratch->node.mode = now->mode;
    scratch->node.user = now->user;
    scratch->node.group = now->group;
}

struct node_result scratch_over(struct file_system *system, struct node *below)
{
    struct scratch_node *scratch = *place_of(system, below);
    if (scratch != nullptr) {
        node_drop(below);
        node_keep(&scratch->node);
    } else {
        scratch = make_node(system, below->inode);
        if (scratch == nullptr) {
            node_drop(below);
            return (struct node_result){.error = -ENOMEM};
        }
        scratch->below = below;
        *place_of(system, below) = scratch;
    }
    follow(scratch);
    return (struct node_result){.node = &scratch->node};
}

static void drop(struct node *node)
{
    struct scratch_node *scratch = scratch_of(node);
    if (scratch->below != nullptr) {
        struct scratch_node **place = place_of(node->system, scratch->below);
        *place = scratch->hash_next;
        node_drop(scratch->below);
    }
    while (scratch->names.first != nullptr) {
        struct node *child = folder_name_take(&scratch->names, scratch->names.first);
        if (child != nullptr) {
            node_drop(child);
        }
    }
    folder_names_end(&scratch->names);
    if (scratch->above != nullptr) {
        node_drop(scratch->above);
    }
    store_give(scratch, sizeof *scratch);
}

// One that differs from what is below lives as long as the layer.
static void keep(struct scratch_node *scratch)
{
    if (scratch->below != nullptr && !scratch->kept) {
        scratch->kept = true;
        node_keep(&scratch->node);
    }
}

// Attributes.

static int64_t tell(struct node *node, struct linux_stat *stat)
{
    struct scratch_node *scratch = scratch_of(node);
    struct node *now = scratch_now(scratch);
    int64_t error = now->operations->stat(now, stat);
    if (error != 0) {
        return error;
    }
    // The links of a node above are counted from those of the one below.
    struct linux_stat before = {};
    if (scratch->above != nullptr && scratch->below != nullptr) {
        error = scratch->below->operations->stat(scratch->below, &before);
    }
    follow(scratch);
    int64_t base = scratch->above == nullptr ? (int64_t)stat->links : (int64_t)before.links;
    stat->links = (uint64_t)(base + scratch->links);
    if (S_ISDIR(node->mode)) {
        stat->links = 1; // as where folders are not counted
    }
    stat->device = node->system->device;
    stat->inode = node->inode;
    return error;
}

static int64_t link_target(struct node *node, char *target, size_t size)
{
    struct node *now = scratch_now(scratch_of(node));
    return now->operations->link_target(now, target, size);
}

static struct node_result make_above(const struct file_system *system, const struct new_node *what)
{
    struct node *ram = system_of(system)->ram;
    return ram->operations->make(ram, (struct name){}, what);
}

// What is made above in the place of a node below, before its contents.
static struct node_result copy_attributes(struct scratch_node *scratch,
                                          const struct linux_stat *stat)
{
    struct new_node what = {.mode = stat->mode, .user = stat->user, .group = stat->group};
    char *target = nullptr;
    if (S_ISLNK(stat->mode)) {
        target = store_take(LINUX_PATH_MOST);
        int64_t length =
            target == nullptr ? -ENOSPC : link_target(&scratch->node, target, LINUX_PATH_MOST);
        if (length < 0) {
            if (target != nullptr) {
                store_give(target, LINUX_PATH_MOST);
            }
            return (struct node_result){.error = length};
        }
        what.target = (struct name){target, (size_t)length};
    }
    struct node_result made = make_above(scratch->node.system, &what);
    if (target != nullptr) {
        store_give(target, LINUX_PATH_MOST);
    }
    return made;
}

static int64_t copy_up(struct scratch_node *scratch, uint64_t size)
{
    struct node *below = scratch->below;
    struct linux_stat stat;
    int64_t error = below->operations->stat(below, &stat);
    if (error != 0) {
        return error;
    }
    struct node_result made = copy_attributes(scratch, &stat);
    if (made.error != 0) {
        return made.error;
    }
    if (S_ISREG(stat.mode)) {
        error = scratch_copy(below, made.node, size < stat.size ? size : stat.size);
    }
    if (error == 0) {
        error = made.node->operations->change(made.node, &stat, CHANGE_ACCESSED | CHANGE_MODIFIED);
    }
    if (error != 0) {
        node_drop(made.node);
        return error;
    }
    scratch->above = made.node;
    keep(scratch);
    return 0;
}

int64_t scratch_bring_up(struct scratch_node *scratch, uint64_t size)
{
    gate_enter(&scratch->gate);
    int64_t error = scratch->above == nullptr ? copy_up(scratch, size) : 0;
    gate_leave(&scratch->gate);
    return error;
}

static int64_t change(struct node *node, const struct linux_stat *stat, uint32_t what)
{
    struct scratch_node *scratch = scratch_of(node);
    bool cuts = (what & CHANGE_SIZE) != 0;
    int64_t error = scratch_bring_up(scratch, cuts ? stat->size : UINT64_MAX);
    if (error == 0) {
        error = scratch->above->operations->change(scratch->above, stat, what);
    }
    if (error == 0) {
        follow(scratch);
    }
    if (error == 0 && cuts) {
        mappings_cut(node, (stat->size + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES);
    }
    return error;
}

// Extended attributes: those of what is below stay as they are, and are read there; what was made in this run has its own.

static struct node *attributed(const struct scratch_node *scratch)
{
    return scratch->below != nullptr ? scratch->below : scratch->above;
}

static int64_t attribute(struct node *node, struct name name, uint8_t *value, size_t room)
{
    struct node *which = attributed(scratch_of(node));
    return which->operations->attribute != nullptr
               ? which->operations->attribute(which, name, value, room)
               : -EOPNOTSUPP;
}

static int64_t attributes(struct node *node, char *names, size_t room)
{
    struct node *which = attributed(scratch_of(node));
    return which->operations->attributes != nullptr
               ? which->operations->attributes(which, names, room)
               : 0;
}

static int64_t set_attribute(struct node *node, struct name name, const uint8_t *value, size_t size,
                             uint32_t flags)
{
    const struct scratch_node *scratch = scratch_of(node);
    struct node *above = scratch->above;
    return scratch->below == nullptr
               ? above->operations->set_attribute(above, name, value, size, flags)
               : -EOPNOTSUPP;
}

static int64_t remove_attribute(struct node *node, struct name name)
{
    const struct scratch_node *scratch = scratch_of(node);
    struct node *above = scratch->above;
    return scratch->below == nullptr ? above->operations->remove_attribute(above, name)
                                     : -EOPNOTSUPP;
}

// Names.

static struct node *named(const struct folder_name *name)
{
    return name->what;
}

// What has a name, without asking below; `known` says whether that is to be believed.
static struct node_result look_above(const struct scratch_node *folder, struct name name,
                                     bool *known)
{
    const struct folder_name *found = folder_name_find(&folder->names, name);
    *known = found != nullptr || folder->below == nullptr;
    if (found == nullptr || named(found) == nullptr) {
        return (struct node_result){.error = -ENOENT};
    }
    node_keep(named(found));
    return (struct node_result){.node = named(found)};
}

static struct node_result look(struct node *node, struct name name)
{
    struct scratch_node *folder = scratch_of(node);
    if (!S_ISDIR(node->mode)) {
        return (struct node_result){.error = -ENOTDIR};
    }
    bool known = false;
    struct node_result found = look_above(folder, name, &known);
    if (known) {
        return found;
    }
    struct node_result below = folder->below->operations->look(folder->below, name);
    // The name may have come or gone meanwhile.
    found = look_above(folder, name, &known);
    if (known) {
        if (below.error == 0) {
            node_drop(below.node);
        }
        return found;
    }
    return below.error != 0 ? below : scratch_over(node->system, below.node);
}

// Whether there is such a name below. What can't be told counts as there.
static bool is_below(const struct scratch_node *folder, struct name name)
{
    if (folder->below == nullptr) {
        return false;
    }
    struct node_result found = folder->below->operations->look(folder->below, name);
    if (found.error == 0) {
        node_drop(found.node);
    }
    return found.error != -ENOENT;
}

// The line of a name in its folder, made as it is now if there is none: that changes nothing yet. Null: no memory.
static struct folder_name *line_of(struct scratch_node *folder, struct name name, struct node *now)
{
    struct folder_name *line = folder_name_find(&folder->names, name);
    if (line == nullptr) {
        line = folder_name_make(&folder->names, name);
        if (line != nullptr) {
            if (now != nullptr) {
                node_keep(now);
            }
            folder_name_put(&folder->names, line, now);
            keep(folder);
        }
    }
    return line;
}

// The folder has changed just now, if that can be noted: its attributes come up for it.
static void touch(struct scratch_node *folder)
{
    if (scratch_bring_up(folder, 0) == 0) {
        uint64_t now = clock_realtime();
        const struct linux_stat stat = {.modified_s = (int64_t)(now / NANOSECONDS),
                                        .modified_ns = (uint32_t)(now % NANOSECONDS)};
        (void)folder->above->operations->change(folder->above, &stat, CHANGE_MODIFIED);
    }
}

static struct node_result make(struct node *node, struct name name, const struct new_node *what)
{
    struct scratch_node *folder = scratch_of(node);
    struct node_result made = make_above(node->system, what);
    if (made.error != 0) {
        return made;
    }
    struct scratch_node *scratch =
        make_node(node->system, MADE_HERE + ++system_of(node->system)->last_inode);
    struct folder_name *line =
        scratch != nullptr && name.length > 0 ? line_of(folder, name, nullptr) : nullptr;
    bool taken = line != nullptr && named(line) != nullptr;
    if (scratch == nullptr || taken || (name.length > 0 && line == nullptr)) {
        node_drop(made.node);
        if (scratch != nullptr) {
            store_give(scratch, sizeof *scratch);
        }
        return (struct node_result){.error = taken ? -EEXIST : -ENOSPC};
    }
    scratch->above = made.node;
    follow(scratch);
    if (line != nullptr) {
        scratch->links = 1;
        node_keep(&scratch->node);
        line->what = &scratch->node;
        touch(folder);
    }
    return (struct node_result){.node = &scratch->node};
}

static int64_t add_name(struct node *node, struct name name, struct node *what)
{
    struct scratch_node *folder = scratch_of(node);
    struct folder_name *line = line_of(folder, name, nullptr);
    if (line == nullptr) {
        return -ENOSPC;
    }
    if (named(line) != nullptr) {
        return -EEXIST;
    }
    node_keep(what);
    line->what = what;
    scratch_of(what)->links++;
    keep(scratch_of(what));
    touch(folder);
    return 0;
}

// Takes what has a line's name away; the line goes as well where nothing is below to be hidden.
static void clear_line(struct scratch_node *folder, struct folder_name *line, bool hides)
{
    struct node *node = hides ? named(line) : folder_name_take(&folder->names, line);
    if (hides) {
        line->what = nullptr;
    }
    if (node != nullptr) {
        scratch_of(node)->links--;
        node_drop(node);
    }
}

static int64_t remove_name(struct node *node, struct name name, struct node *what, bool of_folder)
{
    struct scratch_node *folder = scratch_of(node);
    int64_t error = of_folder ? scratch_empty(scratch_of(what)) : 0;
    if (error != 0) {
        return error;
    }
    bool hides = is_below(folder, name);
    struct folder_name *line = line_of(folder, name, what);
    if (line == nullptr) {
        return -ENOSPC;
    }
    if (named(line) != what) {
        return -ENOENT; // somebody was faster
    }
    keep(scratch_of(what)); // its links are known from now on
    clear_line(folder, line, hides);
    touch(folder);
    return 0;
}

static int64_t move_name(struct node *from_node, struct name name, struct node *to_node,
                         struct name to_name, struct node *over, uint32_t flags)
{
    struct scratch_node *from = scratch_of(from_node);
    struct scratch_node *to = scratch_of(to_node);
    bool exchanges = flags != 0;
    if (over != nullptr && S_ISDIR(over->mode) && !exchanges) {
        int64_t error = scratch_empty(scratch_of(over));
        if (error != 0) {
            return error;
        }
    }
    struct node_result moved = look(from_node, name);
    if (moved.error != 0) {
        return moved.error;
    }
    bool hides = is_below(from, name);
    struct folder_name *line = line_of(from, name, moved.node);
    struct folder_name *to_line = line != nullptr ? line_of(to, to_name, over) : nullptr;
    int64_t error = to_line == nullptr ? -ENOSPC : 0;
    if (error == 0 && (named(line) != moved.node || named(to_line) != over)) {
        error = -ENOENT; // somebody was faster
    }
    if (error == 0 && exchanges) {
        line->what = over;
        to_line->what = moved.node;
    } else if (error == 0) {
        if (over != nullptr) {
            keep(scratch_of(over));
            scratch_of(over)->links--;
            node_drop(over);
        }
        node_keep(moved.node);
        to_line->what = moved.node;
        scratch_of(moved.node)->links++;
        clear_line(from, line, hides);
    }
    node_drop(moved.node);
    if (error == 0) {
        touch(from);
        touch(to);
    }
    return error;
}

static bool differs(struct node *node, struct name name)
{
    struct scratch_node *folder = scratch_of(node);
    struct node_result found = look(node, name);
    if (found.error == -ENOENT) {
        return is_below(folder, name);
    }
    const struct folder_name *line = folder_name_find(&folder->names, name);
    bool changed = found.error == 0 && scratch_of(found.node)->above != nullptr;
    if (found.error == 0) {
        node_drop(found.node);
    }
    return changed || line != nullptr;
}

static const struct node_operations operations = {
    .look = look,
    .stat = tell,
    .link_target = link_target,
    .open = scratch_open,
    .make = make,
    .link = add_name,
    .remove = remove_name,
    .rename = move_name,
    .change = change,
    .attribute = attribute,
    .attributes = attributes,
    .set_attribute = set_attribute,
    .remove_attribute = remove_attribute,
    .differs = differs,
    .drop = drop,
};

// The file system.

static int64_t describe(struct file_system *system, uint64_t *block, uint64_t *blocks,
                        uint64_t *free, uint64_t *nodes, uint64_t *free_nodes)
{
    struct file_system *ram = system_of(system)->ram->system;
    return ram->describe(ram, block, blocks, free, nodes, free_nodes);
}

struct node *scratch_system(struct node *root, uint32_t device)
{
    struct scratch_system *scratch = store_take(sizeof *scratch);
    struct node *ram = scratch != nullptr ? ram_system("scratch", device, 0755) : nullptr;
    if (ram == nullptr) {
        if (scratch != nullptr) {
            store_give(scratch, sizeof *scratch);
        }
        node_drop(root);
        return nullptr;
    }
    scratch->ram = ram;
    scratch->system = (struct file_system){
        .type = "overlay",
        .source = "scratch",
        .device = linux_device(0, device),
        .of_host = root->system->of_host,
        .scratch = true,
        .keeps = root->system->keeps,
        .magic = root->system->magic,
        .describe = describe,
        .own = scratch,
    };
    struct node_result over = scratch_over(&scratch->system, root);
    if (over.error != 0) {
        ram_system_drop(ram);
        store_give(scratch, sizeof *scratch);
        return nullptr;
    }
    scratch->system.root = over.node;
    return over.node;
}

void scratch_system_drop(struct node *root)
{
    struct scratch_system *scratch = system_of(root->system);
    node_drop(root);
    for (uint32_t i = 0; i < BUCKETS; i++) {
        struct scratch_node *node = scratch->bucket[i];
        while (node != nullptr) {
            // Dropping one may drop others, but never one that still counts itself.
            struct scratch_node *next = node->hash_next;
            if (node->kept) {
                node->kept = false;
                node_drop(&node->node);
                next = scratch->bucket[i];
            }
            node = next;
        }
    }
    ram_system_drop(scratch->ram);
    store_give(scratch, sizeof *scratch);
}
