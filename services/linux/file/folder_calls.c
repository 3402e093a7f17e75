// SPDX-License-Identifier: MIT
// Calls about folders: where a process stands, its root and umask, and what a folder holds.
#include "handlers.h"

#include "../core/caller.h"
#include "../core/errno.h"
#include "descriptors.h"
#include "folder.h"
#include "linux.h"
#include "path.h"

#include <string.h>

int64_t call_getcwd(const struct call *call)
{
    const struct folders *folders = caller()->folders;
    if (folders->current->gone) {
        return -ENOENT;
    }
    char *buffer = path_buffer();
    if (buffer == nullptr) {
        return -ENOMEM;
    }
    const char *path = path_of(folders->current, folders->root, buffer);
    size_t size = strlen(path) + 1;
    int64_t result = size > call->argument[1] ? -ERANGE : (int64_t)size;
    if (result > 0 && user_write((struct user){call->argument[0]}, path, size) != 0) {
        result = -EFAULT;
    }
    path_buffer_give(buffer);
    return result;
}

static void set_current(struct entry *entry)
{
    struct folders *folders = caller()->folders;
    struct entry *before = folders->current;
    folders->current = entry;
    entry_drop(before);
}

int64_t call_chdir(const struct call *call)
{
    struct walked walked;
    int64_t error =
        path_walk_user(AT_FDCWD, (struct user){call->argument[0]}, WALK_FOLDER, &walked);
    if (error != 0) {
        return error;
    }
    error = node_may(walked.entry->node, MAY_EXECUTE);
    if (error != 0) {
        entry_drop(walked.entry);
        return error;
    }
    set_current(walked.entry);
    return 0;
}

int64_t call_fchdir(const struct call *call)
{
    struct file *file = descriptor_any(caller()->descriptors, (uint32_t)call->argument[0]);
    if (file == nullptr) {
        return -EBADF;
    }
    int64_t error = -ENOTDIR;
    if (file->entry != nullptr && S_ISDIR(file->node->mode)) {
        error = node_may(file->node, MAY_EXECUTE);
    }
    if (error == 0) {
        entry_keep(file->entry);
        set_current(file->entry);
    }
    file_drop(file);
    return error;
}

int64_t call_chroot(const struct call *call)
{
    struct walked walked;
    int64_t error =
        path_walk_user(AT_FDCWD, (struct user){call->argument[0]}, WALK_FOLDER, &walked);
    if (error != 0) {
        return error;
    }
    error = node_may(walked.entry->node, MAY_EXECUTE);
    if (error == 0 && caller()->credentials.effective_user != 0) {
        error = -EPERM;
    }
    if (error != 0) {
        entry_drop(walked.entry);
        return error;
    }
    struct folders *folders = caller()->folders;
    struct entry *before = folders->root;
    folders->root = walked.entry;
    entry_drop(before);
    return 0;
}

int64_t call_umask(const struct call *call)
{
    struct folders *folders = caller()->folders;
    uint32_t before = folders->umask;
    folders->umask = (uint32_t)call->argument[0] & 0777;
    return before;
}

int64_t call_getdents64(const struct call *call)
{
    struct file *file = descriptor_file(call->argument[0]);
    if (file == nullptr) {
        return -EBADF;
    }
    int64_t result = -ENOTDIR;
    if (file->operations->list != nullptr) {
        struct transfer transfer =
            transfer_user((struct user){call->argument[1]}, (uint32_t)call->argument[2]);
        result = file->operations->list(file, &transfer);
    }
    file_drop(file);
    return result;
}

int64_t list_entry(struct transfer *transfer, struct name name, uint64_t inode, uint64_t next,
                   uint32_t mode)
{
    size_t length = (offsetof(struct linux_entry, name) + name.length + 1 + 7) & ~(size_t)7;
    if (length > transfer_left(transfer)) {
        return transfer->done > 0 ? 1 : -EINVAL;
    }
    union {
        struct linux_entry entry;
        uint8_t bytes[(offsetof(struct linux_entry, name) + LINUX_NAME_MOST + 1 + 7) & ~7u];
    } record;
    record.entry.inode = inode;
    record.entry.next = (int64_t)next;
    record.entry.length = (uint16_t)length;
    record.entry.kind = (uint8_t)((mode & MODE_KIND) >> 12);
    size_t start = offsetof(struct linux_entry, name);
    memcpy(record.bytes + start, name.bytes, name.length);
    memset(record.bytes + start + name.length, 0, length - start - name.length);
    return transfer_give(transfer, record.bytes, length);
}

// What a sandbox has no use for: its tree of names is made before it starts. One handler stands for all.
int64_t call_mount(const struct call *call)
{
    (void)call;
    return -EPERM;
}
[[gnu::alias("call_mount")]] call_handler call_umount2;
[[gnu::alias("call_mount")]] call_handler call_pivot_root;
