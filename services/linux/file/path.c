// SPDX-License-Identifier: MIT
// The walk through the tree of names.
//
// A path is taken apart from front to back in one buffer. A link's target goes into a new buffer with what is left of the path behind
// it, so nothing here calls itself. All that may wait is a file system's `look` and reading a link.
#include "path.h"

#include "../core/caller.h"
#include "../core/errno.h"
#include "../core/store.h"
#include "descriptors.h"
#include "entry.h"
#include "lease.h"
#include "linux.h"
#include "refusal.h"

#include <string.h>

// A free buffer lies in a list, its first bytes pointing to the next.
static char *free_buffers;

char *path_buffer(void)
{
    char *buffer = free_buffers;
    if (buffer == nullptr) {
        return store_take(LINUX_PATH_MOST);
    }
    memcpy((void *)&free_buffers, buffer, sizeof free_buffers);
    return buffer;
}

void path_buffer_give(char *buffer)
{
    memcpy(buffer, (const void *)&free_buffers, sizeof free_buffers);
    free_buffers = buffer;
}

void path_buffers_clear(void)
{
    while (free_buffers != nullptr) {
        store_give(path_buffer(), LINUX_PATH_MOST);
    }
}

struct folders *folders_make(struct entry *root)
{
    struct folders *folders = store_take(sizeof *folders);
    if (folders != nullptr) {
        *folders = (struct folders){root, root, 022, 1};
        entry_keep(root);
        entry_keep(root);
    }
    return folders;
}

struct folders *folders_copy(const struct folders *from)
{
    struct folders *folders = store_take(sizeof *folders);
    if (folders != nullptr) {
        *folders = (struct folders){from->root, from->current, from->umask, 1};
        entry_keep(from->root);
        entry_keep(from->current);
    }
    return folders;
}

void folders_keep(struct folders *folders)
{
    folders->count++;
}

void folders_drop(struct folders *folders)
{
    if (--folders->count == 0) {
        entry_drop(folders->root);
        entry_drop(folders->current);
        store_give(folders, sizeof *folders);
    }
}

// Permissions.

static bool is_in_group(const struct credentials *who, uint32_t group)
{
    for (uint32_t i = 0; i < who->group_count; i++) {
        if (who->groups[i] == group) {
            return true;
        }
    }
    return false;
}

static int64_t may(const struct node *node, uint32_t what, uint32_t user, uint32_t group)
{
    if ((what & MAY_WRITE) != 0 && node->system->read_only && !S_ISCHR(node->mode) &&
        !S_ISFIFO(node->mode) && !S_ISSOCK(node->mode)) {
        return -EROFS;
    }
    if ((what & MAY_WRITE) != 0 && node->covers && !node->system->scratch) {
        return -EACCES; // what is made here would lie among the host's files
    }
    if (user == 0) {
        bool runs = (what & MAY_EXECUTE) == 0 || S_ISDIR(node->mode) || (node->mode & 0111) != 0;
        return runs ? 0 : -EACCES;
    }
    uint32_t allowed = node->mode;
    if (node->user == user) {
        allowed >>= 6;
    } else if (node->group == group || is_in_group(&caller()->credentials, node->group)) {
        allowed >>= 3;
    }
    return (allowed & what) == what ? 0 : -EACCES;
}

int64_t node_may(const struct node *node, uint32_t what)
{
    const struct credentials *who = &caller()->credentials;
    return may(node, what, who->file_user, who->file_group);
}

int64_t entry_may(const struct entry *entry, uint32_t what, const struct entry *changed)
{
    const struct node *node = entry->node;
    int64_t error = node_may(node, what);
    bool given = !node->system->read_only && (!node->covers || node->system->scratch);
    return (what & MAY_WRITE) == 0 || given ? error : refusal_of_change(changed, error);
}

int64_t node_may_really(const struct node *node, uint32_t what)
{
    const struct credentials *who = &caller()->credentials;
    return may(node, what, who->user, who->group);
}

// The walk.

struct walker {
    struct entry *at;   // counted
    struct entry *root; // borrowed from the process, or from `start` for RESOLVE_IN_ROOT
    struct entry *start;
    const char *rest;
    char *own; // buffer with the rest, once a link was followed
    uint32_t how;
    unsigned links;
    struct walked end;
};

static void go_to(struct walker *walker, struct entry *entry)
{
    struct entry *before = walker->at;
    walker->at = entry;
    entry_drop(before);
}

// Up to the top of what is mounted on an entry.
static int64_t enter_mounts(struct walker *walker)
{
    while (walker->at->above != nullptr) {
        if ((walker->how & WALK_NO_MOUNTS) != 0) {
            return -EXDEV;
        }
        entry_keep(walker->at->above);
        go_to(walker, walker->at->above);
    }
    return 0;
}

static int64_t go_up(struct walker *walker)
{
    if ((walker->how & WALK_BENEATH) != 0 && walker->at == walker->start) {
        return -EXDEV;
    }
    struct entry *entry = walker->at;
    while (entry != walker->root && entry->below != nullptr) {
        if ((walker->how & WALK_NO_MOUNTS) != 0) {
            return -EXDEV;
        }
        entry = entry->below;
    }
    if (entry != walker->root) {
        entry = entry->parent;
    }
    entry_keep(entry);
    go_to(walker, entry);
    return 0;
}

// Puts a link's target before what is left of the path.
static int64_t put_before_rest(struct walker *walker, struct node *link)
{
    char *buffer = path_buffer();
    if (buffer == nullptr) {
        return -ENOMEM;
    }
    int64_t length = link->operations->link_target(link, buffer, LINUX_PATH_MOST);
    size_t rest = strlen(walker->rest);
    if (length <= 0 || (uint64_t)length + rest >= LINUX_PATH_MOST) {
        path_buffer_give(buffer);
        return length < 0 ? length : length == 0 ? -ENOENT : -ENAMETOOLONG;
    }
    // The rest begins with a slash or is empty.
    memcpy(buffer + length, walker->rest, rest + 1);
    if (walker->own != nullptr) {
        path_buffer_give(walker->own);
    }
    walker->own = buffer;
    walker->rest = buffer;
    return 0;
}

static int64_t go_to_root(struct walker *walker)
{
    if ((walker->how & WALK_BENEATH) != 0) {
        return -EXDEV;
    }
    entry_keep(walker->root);
    go_to(walker, walker->root);
    return 0;
}

// Follows a link that is in the folder where the walker stands; the count of its entry is taken over.
static int64_t follow(struct walker *walker, struct entry *link)
{
    struct node *node = link->node;
    int64_t error = 0;
    if ((walker->how & WALK_NO_LINKS) != 0 || ++walker->links > LINUX_LINKS_MOST) {
        error = -ELOOP;
    } else if (node->operations->jump != nullptr) {
        struct entry *target = nullptr;
        error = (walker->how & (WALK_NO_JUMPS | WALK_BENEATH | WALK_IN_ROOT)) != 0
                    ? -ELOOP
                    : node->operations->jump(node, &target);
        if (error == 0) {
            go_to(walker, target);
        }
    } else if (node->operations->link_target == nullptr) {
        error = -EINVAL;
    } else {
        error = put_before_rest(walker, node);
        if (error == 0 && walker->rest[0] == '/') {
            error = go_to_root(walker);
        }
    }
    entry_drop(link);
    return error;
}

// Whether what is mounted on an entry was taken away as a whole.
static bool is_gone(const struct entry *entry)
{
    while (entry->above != nullptr) {
        entry = entry->above;
    }
    return entry->node != nullptr && entry->node->system->gone;
}

// Looks for a name. What was mounted there and taken away is refused, and may be given anew.
static int64_t look(const struct walker *walker, struct name name, const struct asked *asked,
                    struct entry **entry)
{
    int64_t error = entry_look(walker->at, name, asked, entry);
    if (error == 0 && (*entry)->above != nullptr && is_gone(*entry)) {
        entry_drop(*entry);
        error = refusal_of(walker->at, name, asked);
    }
    return error;
}

// One name further. `last` says whether the path ends behind it.
static int64_t step(struct walker *walker, struct name name, bool last)
{
    struct entry *entry = nullptr;
    struct asked asked = {
        .absent = last && (walker->how & WALK_ABSENT) != 0,
        .changes = (walker->how & WALK_CHANGE) != 0,
        .rest = walker->rest,
    };
    int64_t error = look(walker, name, &asked, &entry);
    if (error == LOOK_AGAIN) {
        asked.settled = true;
        error = enter_mounts(walker);
        error = error == 0 ? look(walker, name, &asked, &entry) : error;
    }
    if (error != 0) {
        return error;
    }
    if (entry->node != nullptr && S_ISLNK(entry->node->mode) &&
        (!last || walker->end.slash || (walker->how & WALK_STAY) == 0)) {
        return follow(walker, entry);
    }
    go_to(walker, entry);
    return entry->above != nullptr ? enter_mounts(walker) : 0;
}

static int64_t step_name(struct walker *walker, struct name name, bool last)
{
    walker->end.end = END_NAME;
    if (name.bytes[0] == '.' && name.length == 1) {
        walker->end.end = END_DOT;
        return 0;
    }
    if (name.bytes[0] == '.' && name.length == 2 && name.bytes[1] == '.') {
        walker->end.end = END_PARENT;
        return go_up(walker);
    }
    return name.length > LINUX_NAME_MOST ? -ENAMETOOLONG : step(walker, name, last);
}

static int64_t check_folder(const struct node *node)
{
    return !S_ISDIR(node->mode) ? -ENOTDIR : node_may(node, MAY_EXECUTE);
}

// Walks what is left. A name that is absent can only be the last.
static int64_t walk(struct walker *walker)
{
    walker->end.end = END_ROOT;
    for (;;) {
        const char *name = walker->rest;
        while (*name == '/') {
            name++;
        }
        if (*name == '\0') {
            return 0;
        }
        const char *end = name;
        while (*end != '/' && *end != '\0') {
            end++;
        }
        const char *next = end;
        while (*next == '/') {
            next++;
        }
        walker->rest = end;
        walker->end.slash = *next == '\0' && next != end;
        int64_t error = check_folder(walker->at->node);
        if (error == 0) {
            struct name part = {name, (size_t)(end - name)};
            error = step_name(walker, part, *next == '\0');
        }
        if (error != 0) {
            return error;
        }
    }
}

// Where a path begins: the root, the working directory, or a descriptor's folder.
static int64_t begin(struct walker *walker, int64_t folder, const char *path)
{
    const struct folders *folders = caller()->folders;
    walker->root = folders->root;
    if (path[0] == '/' && (walker->how & (WALK_BENEATH | WALK_IN_ROOT)) == 0) {
        walker->at = folders->root;
    } else if ((int32_t)folder == AT_FDCWD) {
        walker->at = folders->current;
    } else {
        struct file *file = descriptor_any(caller()->descriptors, (uint32_t)folder);
        if (file == nullptr) {
            return -EBADF;
        }
        walker->at = file->entry;
        if (walker->at != nullptr) {
            entry_keep(walker->at);
        }
        file_drop(file);
        return walker->at != nullptr ? 0 : -ENOTDIR;
    }
    entry_keep(walker->at);
    return 0;
}

static int64_t finish(struct walker *walker)
{
    const struct node *node = walker->at->node;
    if (node == nullptr) {
        return 0; // only when that was asked for
    }
    bool folder = walker->end.slash || (walker->how & WALK_FOLDER) != 0;
    return folder && !S_ISDIR(node->mode) ? -ENOTDIR : 0;
}

static int64_t walk_from_start(struct walker *walker, const char *path)
{
    walker->start = walker->at;
    entry_keep(walker->start);
    if ((walker->how & WALK_IN_ROOT) != 0) {
        walker->root = walker->start;
    }
    walker->rest = path;
    int64_t error = path[0] == '/' && (walker->how & WALK_BENEATH) != 0 ? -EXDEV : walk(walker);
    if (error == 0) {
        error = finish(walker);
    }
    entry_drop(walker->start);
    return error;
}

int64_t path_walk(int64_t folder, const char *path, uint32_t how, struct walked *walked)
{
    if (path[0] == '\0' && (how & WALK_EMPTY) == 0) {
        return -ENOENT;
    }
    if (leases_over > 0) {
        leases_settle();
    }
    struct walker walker = {.how = how};
    int64_t error = begin(&walker, folder, path);
    if (error != 0) {
        return error;
    }
    // Another thread may change the process's root while this one waits.
    struct entry *root = walker.root;
    entry_keep(root);
    error = walk_from_start(&walker, path);
    entry_drop(root);
    if (walker.own != nullptr) {
        path_buffer_give(walker.own);
    }
    if (error != 0) {
        entry_drop(walker.at);
        return error;
    }
    *walked = walker.end;
    walked->entry = walker.at;
    return 0;
}

int64_t path_walk_user(int64_t folder, struct user path, uint32_t how, struct walked *walked)
{
    char *buffer = path_buffer();
    if (buffer == nullptr) {
        return -ENOMEM;
    }
    int64_t error = user_string(buffer, path, LINUX_PATH_MOST);
    if (error >= 0) {
        error = path_walk(folder, buffer, how, walked);
    }
    path_buffer_give(buffer);
    return error;
}
