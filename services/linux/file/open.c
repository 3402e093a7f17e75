// SPDX-License-Identifier: MIT
// Opening: where a path leads, whether the caller may, and then the node's own part.
#include "open.h"

#include "../core/caller.h"
#include "../core/errno.h"
#include "changes.h"
#include "descriptors.h"
#include "entry.h"
#include "handlers.h"
#include "linux.h"
#include "names.h"
#include "opened.h"
#include "refusal.h"

#include <string.h>

// A file opened with O_PATH: a place to begin at, and nothing else.
static const struct file_operations place_operations = {.kind = "path"};

static uint32_t what_for(uint32_t flags)
{
    uint32_t what = 0;
    if ((flags & O_ACCMODE) != O_WRONLY) {
        what |= MAY_READ;
    }
    if ((flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC) != 0) {
        what |= MAY_WRITE;
    }
    return what;
}

// Whether what is there may be opened like this.
static int64_t check(const struct entry *entry, uint32_t flags)
{
    const struct node *node = entry->node;
    if (S_ISLNK(node->mode)) {
        return -ELOOP;
    }
    if (S_ISDIR(node->mode) &&
        ((flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)) != 0)) {
        return -EISDIR;
    }
    if ((flags & O_DIRECTORY) != 0 && !S_ISDIR(node->mode)) {
        return -ENOTDIR;
    }
    if (S_ISSOCK(node->mode)) {
        return -ENXIO;
    }
    return entry_may(entry, what_for(flags), entry);
}

static int64_t make_file(struct entry *entry, uint32_t flags, struct file **result)
{
    constexpr uint32_t NOT_KEPT = O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC;
    struct file *file =
        file_make(&place_operations, (flags & ~NOT_KEPT) | LINUX_O_LARGEFILE, nullptr);
    if (file == nullptr) {
        return -ENFILE;
    }
    struct node *node = entry->node;
    entry_keep(entry);
    node_keep(node);
    file->entry = entry;
    file->node = node;
    int64_t error = node->operations->open != nullptr ? node->operations->open(node, file) : -ENXIO;
    if (error != 0) {
        file->operations = &place_operations;
        file_drop(file);
        return error;
    }
    // What counts for opening only; a terminal asks for it there.
    file->flags &= ~(uint32_t)O_NOCTTY;
    *result = file;
    return 0;
}

static int64_t cut(struct node *node)
{
    struct linux_stat stat = {};
    if (node->operations->change == nullptr) {
        return -EPERM;
    }
    return node->operations->change(node, &stat, CHANGE_SIZE);
}

static int64_t open_node(struct entry *entry, uint32_t flags, struct file **file)
{
    if (entry->node->operations->file != nullptr) {
        *file = entry->node->operations->file(entry->node);
        return *file != nullptr ? 0 : -ENXIO;
    }
    int64_t error = make_file(entry, flags, file);
    if (error == 0 && (flags & O_TRUNC) != 0 && S_ISREG(entry->node->mode)) {
        error = cut(entry->node);
        if (error != 0) {
            file_drop(*file);
        } else {
            change_note(entry);
        }
    }
    if (error == 0) {
        opened_note(entry, flags);
    }
    return error;
}

int64_t open_entry(struct entry *entry, uint32_t flags, struct file **file)
{
    int64_t error = check(entry, flags);
    return error != 0 ? error : open_node(entry, flags, file);
}

void new_node_fill(struct new_node *what, const struct node *folder, uint32_t mode)
{
    const struct credentials *who = &caller()->credentials;
    *what = (struct new_node){.mode = mode, .user = who->file_user, .group = who->file_group};
    if (!S_ISLNK(mode)) {
        what->mode &= ~(caller()->folders->umask & 0777);
    }
    if ((folder->mode & S_ISGID) != 0) {
        what->group = folder->group;
        what->mode |= S_ISDIR(mode) ? S_ISGID : 0;
    }
}

int64_t entry_make(struct entry *entry, const struct new_node *what)
{
    struct node *folder = entry->parent->node;
    int64_t error = entry_may(entry->parent, MAY_WRITE | MAY_EXECUTE, entry);
    if (error != 0) {
        return error;
    }
    if (folder->operations->make == nullptr) {
        return -EPERM;
    }
    struct node_result made =
        folder->operations->make(folder, (struct name){entry->name, entry->length}, what);
    if (made.error == 0) {
        entry_fill(entry, made.node);
        change_note(entry);
    }
    return refusal_of_change(entry, made.error);
}

static int64_t make_and_open(const struct walked *walked, uint32_t flags, uint32_t mode,
                             struct file **file)
{
    if (walked->slash) {
        return -EISDIR;
    }
    struct new_node what;
    new_node_fill(&what, walked->entry->parent->node, S_IFREG | (mode & MODE_PERMISSIONS));
    int64_t error = entry_make(walked->entry, &what);
    if (error == 0 && walked->entry->node == nullptr) {
        error = -ENOENT; // somebody else has taken it away again
    }
    return error != 0 ? error : open_node(walked->entry, flags & ~(uint32_t)O_TRUNC, file);
}

static int64_t look_and_make(int64_t folder, const char *path, uint32_t flags, uint32_t mode,
                             uint32_t how, struct file **file)
{
    struct walked walked;
    int64_t error = path_walk(folder, path, how | WALK_ABSENT | WALK_CHANGE, &walked);
    if (error != 0) {
        return error;
    }
    if (walked.entry->node == nullptr) {
        error = make_and_open(&walked, flags, mode, file);
    } else if ((flags & O_EXCL) != 0) {
        error = -EEXIST;
    } else {
        error = open_entry(walked.entry, flags, file);
    }
    entry_drop(walked.entry);
    return error;
}

// With O_CREAT.
static int64_t open_or_make(int64_t folder, const char *path, uint32_t flags, uint32_t mode,
                            uint32_t how, struct file **file)
{
    if ((flags & O_EXCL) != 0) {
        return look_and_make(folder, path, flags, mode, how | WALK_STAY, file);
    }
    constexpr int attempts = 8; // somebody else may make it meanwhile, and take it away again
    int64_t error = -EEXIST;
    for (int i = 0; error == -EEXIST && i < attempts; i++) {
        error = look_and_make(folder, path, flags, mode, how, file);
    }
    return error;
}

// O_TMPFILE: a file in a folder's file system that has no name.
static int64_t open_without_name(int64_t folder, const char *path, uint32_t flags, uint32_t mode,
                                 uint32_t how, struct file **file)
{
    if ((flags & O_DIRECTORY) == 0 || (flags & O_ACCMODE) == O_RDONLY) {
        return -EINVAL;
    }
    struct walked walked;
    int64_t error = path_walk(folder, path, how | WALK_FOLDER | WALK_CHANGE, &walked);
    if (error != 0) {
        return error;
    }
    struct node *place = walked.entry->node;
    struct node_result made = {.error =
                                   entry_may(walked.entry, MAY_WRITE | MAY_EXECUTE, walked.entry)};
    if (made.error == 0) {
        struct new_node what;
        new_node_fill(&what, place, S_IFREG | (mode & MODE_PERMISSIONS));
        made = place->system->keeps && place->operations->make != nullptr
                   ? place->operations->make(place, (struct name){}, &what)
                   : (struct node_result){.error = -EOPNOTSUPP};
    }
    entry_drop(walked.entry);
    if (made.error != 0) {
        return made.error;
    }
    struct entry *entry = entry_alone(made.node, "tmpfile");
    if (entry == nullptr) {
        return -ENOMEM;
    }
    error = open_node(entry, flags & ~(uint32_t)(LINUX_O_TMPFILE | O_DIRECTORY), file);
    entry_drop(entry);
    return error;
}

static int64_t open_place(int64_t folder, const char *path, uint32_t flags, uint32_t how,
                          struct file **result)
{
    struct walked walked;
    int64_t error = path_walk(folder, path, how, &walked);
    if (error != 0) {
        return error;
    }
    struct file *file =
        file_make(&place_operations, flags & (O_PATH | O_DIRECTORY | O_NOFOLLOW), nullptr);
    if (file != nullptr) {
        file->entry = walked.entry;
        file->node = walked.entry->node;
        node_keep(file->node);
        *result = file;
        return 0;
    }
    entry_drop(walked.entry);
    return -ENFILE;
}

int64_t open_path(int64_t folder, const char *path, uint32_t flags, uint32_t mode, uint32_t how,
                  struct file **file)
{
    if ((flags & O_NOFOLLOW) != 0) {
        how |= WALK_STAY;
    }
    if ((flags & O_PATH) != 0) {
        how |= (flags & O_DIRECTORY) != 0 ? WALK_FOLDER : 0;
        return open_place(folder, path, flags, how, file);
    }
    if ((flags & LINUX_O_TMPFILE) != 0) {
        return open_without_name(folder, path, flags, mode, how, file);
    }
    if ((flags & O_CREAT) != 0) {
        return (flags & O_DIRECTORY) != 0 ? -EINVAL
                                          : open_or_make(folder, path, flags, mode, how, file);
    }
    how |= (what_for(flags) & MAY_WRITE) != 0 ? WALK_CHANGE : 0;
    struct walked walked;
    int64_t error = path_walk(folder, path, how, &walked);
    if (error != 0) {
        return error;
    }
    error = open_entry(walked.entry, flags, file);
    entry_drop(walked.entry);
    return error;
}

int64_t open_program(int64_t folder, const char *path, uint32_t flags, struct file **file)
{
    struct walked walked;
    uint32_t how = (flags & AT_EMPTY_PATH) != 0 ? WALK_EMPTY : 0;
    how |= (flags & AT_SYMLINK_NOFOLLOW) != 0 ? WALK_STAY : 0;
    int64_t error = path_walk(folder, path, how, &walked);
    if (error != 0) {
        return error;
    }
    const struct node *node = walked.entry->node;
    if (S_ISLNK(node->mode)) {
        error = -ELOOP;
    } else if (!S_ISREG(node->mode)) {
        error = -EACCES;
    } else {
        error = node_may(node, MAY_EXECUTE);
    }
    if (error == 0) {
        error = open_node(walked.entry, O_RDONLY, file);
    }
    entry_drop(walked.entry);
    return error;
}

// The calls.

static int64_t open_user(int64_t folder, uint64_t path, uint32_t flags, uint32_t mode, uint32_t how)
{
    char *buffer = path_buffer();
    if (buffer == nullptr) {
        return -ENOMEM;
    }
    struct file *file = nullptr;
    int64_t result = user_string(buffer, (struct user){path}, LINUX_PATH_MOST);
    if (result >= 0) {
        result = open_path(folder, buffer, flags, mode, how, &file);
    }
    path_buffer_give(buffer);
    return result != 0 ? result : descriptor_put(file, (flags & O_CLOEXEC) != 0, 0);
}

int64_t call_open(const struct call *call)
{
    return open_user(AT_FDCWD, call->argument[0], (uint32_t)call->argument[1],
                     (uint32_t)call->argument[2], 0);
}

int64_t call_openat(const struct call *call)
{
    return open_user((int64_t)call->argument[0], call->argument[1], (uint32_t)call->argument[2],
                     (uint32_t)call->argument[3], 0);
}

int64_t call_creat(const struct call *call)
{
    return open_user(AT_FDCWD, call->argument[0], O_CREAT | O_WRONLY | O_TRUNC,
                     (uint32_t)call->argument[1], 0);
}

struct linux_open_how {
    uint64_t flags;
    uint64_t mode;
    uint64_t resolve;
};

// RESOLVE_* in their order, as what the walk calls them.
static const uint32_t resolve[] = {WALK_NO_MOUNTS, WALK_NO_JUMPS, WALK_NO_LINKS, WALK_BENEATH,
                                   WALK_IN_ROOT};

static int64_t how_of(const struct linux_open_how *from, uint32_t *how)
{
    constexpr uint64_t KNOWN = 0x1F;
    bool makes = (from->flags & (O_CREAT | LINUX_O_TMPFILE)) != 0;
    if (from->flags >> 32 != 0 || (from->resolve & ~KNOWN) != 0 ||
        (from->mode & ~(uint64_t)MODE_PERMISSIONS) != 0 || (from->mode != 0 && !makes)) {
        return -EINVAL;
    }
    *how = 0;
    for (unsigned i = 0; i < sizeof resolve / sizeof resolve[0]; i++) {
        *how |= (from->resolve >> i & 1) != 0 ? resolve[i] : 0;
    }
    bool both = (*how & WALK_BENEATH) != 0 && (*how & WALK_IN_ROOT) != 0;
    return both ? -EINVAL : 0;
}

// A later version of a structure may be longer: what is not known of it must be zero.
static int64_t check_rest(struct user from, uint64_t known, uint64_t size)
{
    constexpr uint64_t SIZE_MOST = 4096;
    if (size > SIZE_MOST) {
        return -E2BIG;
    }
    for (uint64_t at = known; at < size; at++) {
        char byte = 0;
        if (user_read(&byte, user_at(from, at), 1) != 0) {
            return -EFAULT;
        }
        if (byte != 0) {
            return -E2BIG;
        }
    }
    return 0;
}

int64_t call_openat2(const struct call *call)
{
    struct linux_open_how from;
    if (call->argument[3] < sizeof from) {
        return -EINVAL;
    }
    if (user_read(&from, (struct user){call->argument[2]}, sizeof from) != 0) {
        return -EFAULT;
    }
    uint32_t how = 0;
    int64_t error = check_rest((struct user){call->argument[2]}, sizeof from, call->argument[3]);
    if (error == 0) {
        error = how_of(&from, &how);
    }
    return error != 0 ? error
                      : open_user((int64_t)call->argument[0], call->argument[1],
                                  (uint32_t)from.flags, (uint32_t)from.mode, how);
}
