// SPDX-License-Identifier: MIT
// Calls that make, move and take away names. Each walks to its names first, then checks all that can be checked, and then asks the
// file system; the tree follows what that did.
#include "handlers.h"

#include "../core/caller.h"
#include "../core/errno.h"
#include "changes.h"
#include "linux.h"
#include "names.h"
#include "refusal.h"

#include <string.h>
#include <sys/sysmacros.h>

static struct name name_of(const struct entry *entry)
{
    return (struct name){entry->name, entry->length};
}

int64_t path_walk_new(int64_t folder, struct user path, struct walked *walked)
{
    int64_t error = path_walk_user(folder, path, WALK_STAY | WALK_ABSENT | WALK_CHANGE, walked);
    if (error == 0 && walked->entry->node != nullptr) {
        entry_drop(walked->entry);
        error = -EEXIST;
    }
    return error;
}

static int64_t make(int64_t folder, struct user path, uint32_t mode, uint64_t special,
                    struct name target)
{
    struct walked walked;
    int64_t error = path_walk_new(folder, path, &walked);
    if (error != 0) {
        return error;
    }
    if (walked.slash && !S_ISDIR(mode)) {
        error = -ENOENT;
    } else {
        struct new_node what;
        new_node_fill(&what, walked.entry->parent->node, mode);
        what.special = special;
        what.target = target;
        error = entry_make(walked.entry, &what);
    }
    entry_drop(walked.entry);
    return error;
}

static int64_t make_folder(int64_t folder, uint64_t path, uint64_t mode)
{
    return make(folder, (struct user){path}, S_IFDIR | ((uint32_t)mode & 01777), 0,
                (struct name){});
}

int64_t call_mkdir(const struct call *call)
{
    return make_folder(AT_FDCWD, call->argument[0], call->argument[1]);
}

int64_t call_mkdirat(const struct call *call)
{
    return make_folder((int64_t)call->argument[0], call->argument[1], call->argument[2]);
}

static int64_t make_special(int64_t folder, uint64_t path, uint32_t mode, uint64_t special)
{
    if ((mode & MODE_KIND) == 0) {
        mode |= S_IFREG;
    }
    if (S_ISCHR(mode) || S_ISBLK(mode)) {
        return -EPERM;
    }
    if (!S_ISREG(mode) && !S_ISFIFO(mode) && !S_ISSOCK(mode)) {
        return S_ISDIR(mode) ? -EPERM : -EINVAL;
    }
    return make(folder, (struct user){path}, mode & (MODE_KIND | MODE_PERMISSIONS), special,
                (struct name){});
}

int64_t call_mknod(const struct call *call)
{
    return make_special(AT_FDCWD, call->argument[0], (uint32_t)call->argument[1],
                        call->argument[2]);
}

int64_t call_mknodat(const struct call *call)
{
    return make_special((int64_t)call->argument[0], call->argument[1], (uint32_t)call->argument[2],
                        call->argument[3]);
}

static int64_t make_link(uint64_t target, int64_t folder, uint64_t path)
{
    char *buffer = path_buffer();
    if (buffer == nullptr) {
        return -ENOMEM;
    }
    int64_t length = user_string(buffer, (struct user){target}, LINUX_PATH_MOST);
    int64_t result = length == 0 ? -ENOENT : length;
    if (length > 0) {
        result = make(folder, (struct user){path}, S_IFLNK | 0777, 0,
                      (struct name){buffer, (size_t)length});
    }
    path_buffer_give(buffer);
    return result;
}

int64_t call_symlink(const struct call *call)
{
    return make_link(call->argument[0], AT_FDCWD, call->argument[1]);
}

int64_t call_symlinkat(const struct call *call)
{
    return make_link(call->argument[0], (int64_t)call->argument[1], call->argument[2]);
}

// Hard links.

static int64_t link_to(const struct walked *from, const struct walked *to)
{
    struct node *node = from->entry->node;
    struct node *folder = to->entry->parent->node;
    if (to->slash) {
        return -ENOENT;
    }
    if (S_ISDIR(node->mode)) {
        return -EPERM;
    }
    if (node->system != folder->system) {
        return -EXDEV;
    }
    int64_t error = entry_may(to->entry->parent, MAY_WRITE | MAY_EXECUTE, to->entry);
    if (error != 0) {
        return error;
    }
    if (folder->operations->link == nullptr) {
        return -EPERM;
    }
    error = folder->operations->link(folder, name_of(to->entry), node);
    if (error == 0) {
        node_keep(node);
        entry_fill(to->entry, node);
        change_note(to->entry);
    }
    return refusal_of_change(to->entry, error);
}

static int64_t link_names(int64_t from_folder, uint64_t from_path, int64_t to_folder,
                          uint64_t to_path, uint32_t flags)
{
    if ((flags & ~(uint32_t)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) != 0) {
        return -EINVAL;
    }
    uint32_t how = (flags & AT_SYMLINK_FOLLOW) != 0 ? 0 : WALK_STAY;
    how |= (flags & AT_EMPTY_PATH) != 0 ? WALK_EMPTY : 0;
    struct walked from, to;
    int64_t error = path_walk_user(from_folder, (struct user){from_path}, how, &from);
    if (error != 0) {
        return error;
    }
    error = path_walk_new(to_folder, (struct user){to_path}, &to);
    if (error == 0) {
        error = link_to(&from, &to);
        entry_drop(to.entry);
    }
    entry_drop(from.entry);
    return error;
}

int64_t call_link(const struct call *call)
{
    return link_names(AT_FDCWD, call->argument[0], AT_FDCWD, call->argument[1], 0);
}

int64_t call_linkat(const struct call *call)
{
    return link_names((int64_t)call->argument[0], call->argument[1], (int64_t)call->argument[2],
                      call->argument[3], (uint32_t)call->argument[4]);
}

// Taking names away.

// Whether the caller may take a name out of its folder.
static int64_t may_take(const struct entry *entry)
{
    const struct node *folder = entry->parent->node;
    uint32_t user = caller()->credentials.file_user;
    int64_t error = entry_may(entry->parent, MAY_WRITE | MAY_EXECUTE, entry);
    if (error != 0) {
        return error;
    }
    bool sticky = (folder->mode & S_ISVTX) != 0;
    if (sticky && user != 0 && user != folder->user && user != entry->node->user) {
        return -EPERM;
    }
    return entry->below != nullptr || entry->above != nullptr ? -EBUSY : 0;
}

static int64_t remove_entry(struct entry *entry, bool of_folder)
{
    struct node *folder = entry->parent->node;
    int64_t error = may_take(entry);
    if (error != 0) {
        return error;
    }
    if (folder->operations->remove == nullptr) {
        return -EPERM;
    }
    error = folder->operations->remove(folder, name_of(entry), entry->node, of_folder);
    if (error == 0) {
        change_note(entry);
        entry_clear(entry);
    }
    return refusal_of_change(entry, error);
}

static int64_t remove_file(const struct walked *walked)
{
    bool folder = S_ISDIR(walked->entry->node->mode);
    if (folder || walked->end != END_NAME) {
        return -EISDIR;
    }
    return walked->slash ? -ENOTDIR : remove_entry(walked->entry, false);
}

static int64_t remove_folder(const struct walked *walked)
{
    switch (walked->end) {
    case END_DOT:
        return -EINVAL;
    case END_PARENT:
        return -ENOTEMPTY;
    case END_ROOT:
        return -EBUSY;
    case END_NAME:
        break;
    }
    return !S_ISDIR(walked->entry->node->mode) ? -ENOTDIR : remove_entry(walked->entry, true);
}

static int64_t remove_name(int64_t folder, uint64_t path, uint32_t flags)
{
    if ((flags & ~(uint32_t)AT_REMOVEDIR) != 0) {
        return -EINVAL;
    }
    struct walked walked;
    int64_t error = path_walk_user(folder, (struct user){path}, WALK_STAY | WALK_CHANGE, &walked);
    if (error != 0) {
        return error;
    }
    error = flags != 0 ? remove_folder(&walked) : remove_file(&walked);
    entry_drop(walked.entry);
    return error;
}

int64_t call_unlink(const struct call *call)
{
    return remove_name(AT_FDCWD, call->argument[0], 0);
}

int64_t call_rmdir(const struct call *call)
{
    return remove_name(AT_FDCWD, call->argument[0], AT_REMOVEDIR);
}

int64_t call_unlinkat(const struct call *call)
{
    return remove_name((int64_t)call->argument[0], call->argument[1], (uint32_t)call->argument[2]);
}

// Moving names.

constexpr uint32_t NO_REPLACE = 1;
constexpr uint32_t EXCHANGE = 2;

static bool is_above(const struct entry *upper, const struct entry *lower)
{
    while (lower != upper && lower->parent != lower) {
        lower = lower->parent;
    }
    return lower == upper;
}

// Whether what has the new name can give way to what comes.
static int64_t check_over(const struct entry *from, const struct entry *to, uint32_t flags)
{
    if (to->node == nullptr) {
        return (flags & EXCHANGE) != 0 ? -ENOENT : 0;
    }
    if ((flags & NO_REPLACE) != 0) {
        return -EEXIST;
    }
    if (is_above(to, from)) {
        return (flags & EXCHANGE) != 0 ? -EINVAL : -ENOTEMPTY;
    }
    if ((flags & EXCHANGE) == 0) {
        bool folder = S_ISDIR(from->node->mode);
        if (folder != S_ISDIR(to->node->mode)) {
            return folder ? -ENOTDIR : -EISDIR;
        }
    }
    return may_take(to);
}

static int64_t check_move(const struct walked *from, const struct walked *to, uint32_t flags)
{
    if (from->end != END_NAME || to->end != END_NAME) {
        return -EBUSY;
    }
    if (from->entry->below != nullptr || to->entry->below != nullptr) {
        return -EBUSY;
    }
    if (from->entry->node->system != to->entry->parent->node->system) {
        return -EXDEV;
    }
    bool folder = S_ISDIR(from->entry->node->mode);
    if (!folder && (from->slash || (to->slash && (flags & EXCHANGE) == 0))) {
        return -ENOTDIR;
    }
    int64_t error = may_take(from->entry);
    if (error == 0 && to->entry->node == nullptr) {
        error = entry_may(to->entry->parent, MAY_WRITE | MAY_EXECUTE, to->entry);
    }
    if (error == 0 && folder && is_above(from->entry, to->entry)) {
        error = from->entry == to->entry ? 0 : -EINVAL;
    }
    return error;
}

static int64_t move_entry(struct entry *from, struct entry *to, uint32_t flags)
{
    struct node *folder = from->parent->node;
    if (folder->operations->rename == nullptr) {
        return -EPERM;
    }
    int64_t error = folder->operations->rename(folder, name_of(from), to->parent->node, name_of(to),
                                               to->node, flags & EXCHANGE);
    if (error == 0) {
        change_note(from);
        change_note(to);
    }
    if (error == 0 && entry_move(from, to, (flags & EXCHANGE) != 0) != 0) {
        // There was no memory to follow: the names are looked up anew.
        entry_clear(from);
        entry_clear(to);
    }
    return refusal_of_change(from, error);
}

static int64_t move_walked(const struct walked *from, const struct walked *to, uint32_t flags)
{
    int64_t error = check_move(from, to, flags);
    if (error != 0) {
        return error;
    }
    if (from->entry->node == to->entry->node && (flags & NO_REPLACE) == 0) {
        return 0; // two names of one file: both stay
    }
    error = check_over(from->entry, to->entry, flags);
    return error != 0 ? error : move_entry(from->entry, to->entry, flags);
}

static int64_t rename_names(int64_t from_folder, uint64_t from_path, int64_t to_folder,
                            uint64_t to_path, uint32_t flags)
{
    if ((flags & ~(NO_REPLACE | EXCHANGE)) != 0 || flags == (NO_REPLACE | EXCHANGE)) {
        return -EINVAL;
    }
    struct walked from, to;
    constexpr uint32_t HOW = WALK_STAY | WALK_CHANGE;
    int64_t error = path_walk_user(from_folder, (struct user){from_path}, HOW, &from);
    if (error != 0) {
        return error;
    }
    error = path_walk_user(to_folder, (struct user){to_path}, HOW | WALK_ABSENT, &to);
    if (error == 0) {
        error = move_walked(&from, &to, flags);
        entry_drop(to.entry);
    }
    entry_drop(from.entry);
    return error;
}

int64_t call_rename(const struct call *call)
{
    return rename_names(AT_FDCWD, call->argument[0], AT_FDCWD, call->argument[1], 0);
}

int64_t call_renameat(const struct call *call)
{
    return rename_names((int64_t)call->argument[0], call->argument[1], (int64_t)call->argument[2],
                        call->argument[3], 0);
}

int64_t call_renameat2(const struct call *call)
{
    return rename_names((int64_t)call->argument[0], call->argument[1], (int64_t)call->argument[2],
                        call->argument[3], (uint32_t)call->argument[4]);
}
