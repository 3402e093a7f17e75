// SPDX-License-Identifier: MIT
#include "subject.h"

#include "../core/caller.h"
#include "../core/errno.h"
#include "changes.h"
#include "descriptors.h"
#include "linux.h"
#include "refusal.h"

void subject_drop(struct subject *subject)
{
    if (subject->entry != nullptr) {
        entry_drop(subject->entry);
    }
    if (subject->file != nullptr) {
        file_drop(subject->file);
    }
}

int64_t subject_of_file(uint64_t descriptor, bool places, struct subject *subject)
{
    struct file *file = places ? descriptor_any(caller()->descriptors, (uint32_t)descriptor)
                               : descriptor_file(descriptor);
    if (file == nullptr) {
        return -EBADF;
    }
    *subject = (struct subject){.file = file, .node = file->node};
    return 0;
}

int64_t subject_of_path(int64_t folder, uint64_t path, uint32_t how, struct subject *subject)
{
    struct walked walked;
    int64_t error = path_walk_user(folder, (struct user){path}, how, &walked);
    if (error != 0) {
        return error;
    }
    *subject = (struct subject){.entry = walked.entry, .node = walked.entry->node};
    return 0;
}

int64_t subject_of(uint64_t folder, uint64_t path, uint32_t flags, struct subject *subject)
{
    if ((flags & AT_EMPTY_PATH) != 0 && (int32_t)folder != AT_FDCWD) {
        char first = '\0';
        if (path != 0 && user_read(&first, (struct user){path}, 1) != 0) {
            return -EFAULT;
        }
        if (first == '\0') {
            return subject_of_file(folder, true, subject);
        }
    }
    uint32_t how = (flags & AT_SYMLINK_NOFOLLOW) != 0 ? WALK_STAY : 0;
    how |= (flags & AT_EMPTY_PATH) != 0 ? WALK_EMPTY : 0;
    return subject_of_path((int64_t)folder, path, how, subject);
}

bool subject_owns(const struct node *node)
{
    uint32_t user = caller()->credentials.file_user;
    return user == 0 || user == node->user;
}

int64_t subject_note(const struct subject *subject, int64_t error)
{
    const struct file *file = subject->file;
    const struct entry *entry = file != nullptr ? file->entry : subject->entry;
    if (error == 0) {
        change_note(entry);
    }
    return refusal_of_change(entry, error);
}

int64_t subject_refuse(struct subject *subject, int64_t error)
{
    error = error == -EROFS ? subject_note(subject, error) : error;
    subject_drop(subject);
    return error;
}
