// SPDX-License-Identifier: MIT
// Calls that tell about what a path or descriptor leads to, and that change its owner, permissions, times and size.
#include "handlers.h"

#include "../core/caller.h"
#include "../core/clock.h"
#include "../core/errno.h"
#include "descriptors.h"
#include "linux.h"
#include "open.h"
#include "subject.h"

#include <string.h>

constexpr uint64_t NANOSECONDS = 1'000'000'000;

static int64_t subject_stat(const struct subject *subject, struct linux_stat *stat)
{
    *stat = (struct linux_stat){};
    if (subject->file != nullptr) {
        return file_stat(subject->file, stat);
    }
    if (subject->node->operations->file != nullptr) {
        struct file *file = subject->node->operations->file(subject->node);
        int64_t error = file_stat(file, stat);
        file_drop(file);
        return error;
    }
    return subject->node->operations->stat(subject->node, stat);
}

// stat.

static int64_t give_stat(const struct linux_stat *stat, struct user to)
{
    struct linux_stat_record record = {
        .device = stat->device,
        .inode = stat->inode,
        .links = stat->links,
        .mode = stat->mode,
        .user = stat->user,
        .group = stat->group,
        .special = stat->special,
        .size = (int64_t)stat->size,
        .block_size = (int64_t)stat->block_size,
        .blocks = (int64_t)stat->blocks,
        .accessed_s = stat->accessed_s,
        .accessed_ns = stat->accessed_ns,
        .modified_s = stat->modified_s,
        .modified_ns = stat->modified_ns,
        .changed_s = stat->changed_s,
        .changed_ns = stat->changed_ns,
    };
    return user_write(to, &record, sizeof record);
}

static int64_t stat_subject(int64_t error, struct subject *subject, uint64_t to)
{
    if (error != 0) {
        return error;
    }
    struct linux_stat stat;
    error = subject_stat(subject, &stat);
    subject_drop(subject);
    return error != 0 ? error : give_stat(&stat, (struct user){to});
}

int64_t call_stat(const struct call *call)
{
    struct subject subject;
    int64_t error = subject_of_path(AT_FDCWD, call->argument[0], 0, &subject);
    return stat_subject(error, &subject, call->argument[1]);
}

int64_t call_lstat(const struct call *call)
{
    struct subject subject;
    int64_t error = subject_of_path(AT_FDCWD, call->argument[0], WALK_STAY, &subject);
    return stat_subject(error, &subject, call->argument[1]);
}

int64_t call_fstat(const struct call *call)
{
    struct subject subject;
    int64_t error = subject_of_file(call->argument[0], true, &subject);
    return stat_subject(error, &subject, call->argument[1]);
}

int64_t call_newfstatat(const struct call *call)
{
    constexpr uint32_t KNOWN = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT;
    struct subject subject;
    uint32_t flags = (uint32_t)call->argument[3];
    if ((flags & ~KNOWN) != 0) {
        return -EINVAL;
    }
    int64_t error = subject_of(call->argument[0], call->argument[1], flags, &subject);
    return stat_subject(error, &subject, call->argument[2]);
}

static struct linux_statx_time statx_time(int64_t seconds, uint32_t nanoseconds)
{
    return (struct linux_statx_time){.seconds = seconds, .nanoseconds = nanoseconds};
}

static int64_t give_statx(const struct linux_stat *stat, struct user to)
{
    bool born = stat->born_s != 0;
    struct linux_statx record = {
        .mask = STATX_BASIC | (born ? STATX_BORN : 0),
        .block_size = (uint32_t)stat->block_size,
        .links = (uint32_t)stat->links,
        .user = stat->user,
        .group = stat->group,
        .mode = (uint16_t)stat->mode,
        .inode = stat->inode,
        .size = stat->size,
        .blocks = stat->blocks,
        .accessed = statx_time(stat->accessed_s, stat->accessed_ns),
        .born = statx_time(stat->born_s, stat->born_ns),
        .changed = statx_time(stat->changed_s, stat->changed_ns),
        .modified = statx_time(stat->modified_s, stat->modified_ns),
        .special_major = linux_major(stat->special),
        .special_minor = linux_minor(stat->special),
        .device_major = linux_major(stat->device),
        .device_minor = linux_minor(stat->device),
    };
    return user_write(to, &record, sizeof record);
}

int64_t call_statx(const struct call *call)
{
    constexpr uint32_t SYNC = 0x6000;
    constexpr uint32_t KNOWN = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT | SYNC;
    constexpr uint32_t RESERVED = 0x8000'0000;
    uint32_t flags = (uint32_t)call->argument[2];
    if ((flags & ~KNOWN) != 0 || (flags & SYNC) == SYNC ||
        ((uint32_t)call->argument[3] & RESERVED) != 0) {
        return -EINVAL;
    }
    struct subject subject;
    int64_t error = subject_of(call->argument[0], call->argument[1], flags, &subject);
    if (error != 0) {
        return error;
    }
    struct linux_stat stat;
    error = subject_stat(&subject, &stat);
    subject_drop(&subject);
    return error != 0 ? error : give_statx(&stat, (struct user){call->argument[4]});
}

// access.

static int64_t access_path(int64_t folder, uint64_t path, uint32_t what, uint32_t flags)
{
    if (what > 7 || (flags & ~(uint32_t)(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0) {
        return -EINVAL;
    }
    struct subject subject;
    int64_t error = subject_of((uint64_t)folder, path, flags, &subject);
    if (error != 0) {
        return error;
    }
    if (subject.node != nullptr && what != 0) {
        error = (flags & AT_EACCESS) != 0 ? node_may(subject.node, what)
                                          : node_may_really(subject.node, what);
    }
    subject_drop(&subject);
    return error;
}

int64_t call_access(const struct call *call)
{
    return access_path(AT_FDCWD, call->argument[0], (uint32_t)call->argument[1], 0);
}

int64_t call_faccessat(const struct call *call)
{
    return access_path((int32_t)call->argument[0], call->argument[1], (uint32_t)call->argument[2],
                       0);
}

int64_t call_faccessat2(const struct call *call)
{
    return access_path((int32_t)call->argument[0], call->argument[1], (uint32_t)call->argument[2],
                       (uint32_t)call->argument[3]);
}

// readlink.

static int64_t read_link(int64_t folder, uint64_t path, uint64_t to, uint64_t size)
{
    if ((int32_t)size <= 0) {
        return -EINVAL;
    }
    struct subject subject;
    uint32_t flags = AT_SYMLINK_NOFOLLOW | ((int32_t)folder != AT_FDCWD ? AT_EMPTY_PATH : 0);
    int64_t result = subject_of((uint64_t)folder, path, flags, &subject);
    if (result != 0) {
        return result;
    }
    char *buffer = path_buffer();
    const struct node *node = subject.node;
    if (buffer == nullptr) {
        result = -ENOMEM;
    } else if (node == nullptr || !S_ISLNK(node->mode) ||
               node->operations->link_target == nullptr) {
        result = subject.file != nullptr ? -ENOENT : -EINVAL;
    } else {
        result = node->operations->link_target(subject.node, buffer, LINUX_PATH_MOST);
    }
    if (result > 0) {
        result = result < (int32_t)size ? result : (int32_t)size;
        int64_t error = user_write((struct user){to}, buffer, (size_t)result);
        result = error != 0 ? error : result;
    }
    if (buffer != nullptr) {
        path_buffer_give(buffer);
    }
    subject_drop(&subject);
    return result;
}

int64_t call_readlink(const struct call *call)
{
    return read_link(AT_FDCWD, call->argument[0], call->argument[1], call->argument[2]);
}

int64_t call_readlinkat(const struct call *call)
{
    return read_link((int32_t)call->argument[0], call->argument[1], call->argument[2],
                     call->argument[3]);
}

// Changes. Each ends the subject that it was given.

static int64_t change(struct subject *subject, const struct linux_stat *stat, uint32_t what)
{
    struct node *node = subject->node;
    int64_t error = 0;
    if (node == nullptr) {
        error = (what & CHANGE_SIZE) != 0 ? -EINVAL : 0; // a pipe or socket: nobody sees it
    } else if (node->system->read_only) {
        error = -EROFS;
    } else if (node->operations->change == nullptr) {
        error = -EPERM;
    } else {
        error = subject_note(subject, node->operations->change(node, stat, what));
    }
    return subject_refuse(subject, error);
}

static int64_t change_mode(int64_t error, struct subject *subject, uint64_t mode)
{
    if (error != 0) {
        return error;
    }
    const struct node *node = subject->node;
    if (node != nullptr && !subject_owns(node)) {
        return subject_refuse(subject, node->system->read_only ? -EROFS : -EPERM);
    }
    if (node != nullptr && S_ISLNK(node->mode)) {
        return subject_refuse(subject, -EOPNOTSUPP);
    }
    struct linux_stat stat = {.mode = (uint32_t)mode & MODE_PERMISSIONS};
    return change(subject, &stat, CHANGE_MODE);
}

int64_t call_chmod(const struct call *call)
{
    struct subject subject;
    int64_t error = subject_of_path(AT_FDCWD, call->argument[0], 0, &subject);
    return change_mode(error, &subject, call->argument[1]);
}

int64_t call_fchmod(const struct call *call)
{
    struct subject subject;
    int64_t error = subject_of_file(call->argument[0], false, &subject);
    return change_mode(error, &subject, call->argument[1]);
}

int64_t call_fchmodat(const struct call *call)
{
    struct subject subject;
    int64_t error = subject_of_path((int64_t)call->argument[0], call->argument[1], 0, &subject);
    return change_mode(error, &subject, call->argument[2]);
}

int64_t call_fchmodat2(const struct call *call)
{
    uint32_t flags = (uint32_t)call->argument[3];
    if ((flags & ~(uint32_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0) {
        return -EINVAL;
    }
    struct subject subject;
    int64_t error = subject_of(call->argument[0], call->argument[1], flags, &subject);
    return change_mode(error, &subject, call->argument[2]);
}

static bool is_own_group(uint32_t group)
{
    const struct credentials *who = &caller()->credentials;
    for (uint32_t i = 0; i < who->group_count; i++) {
        if (who->groups[i] == group) {
            return true;
        }
    }
    return who->file_group == group;
}

static int64_t may_change_owner(const struct node *node, uint32_t user, uint32_t group)
{
    uint32_t own = caller()->credentials.file_user;
    if (own == 0) {
        return 0;
    }
    bool keeps_user = user == node->user;
    bool keeps_group = group == node->group || is_own_group(group);
    return own == node->user && keeps_user && keeps_group ? 0 : -EPERM;
}

static int64_t change_owner(int64_t error, struct subject *subject, uint64_t user, uint64_t group)
{
    if (error != 0) {
        return error;
    }
    const struct node *node = subject->node;
    if (node == nullptr) {
        return subject_refuse(subject, 0);
    }
    struct linux_stat stat = {.user = (uint32_t)user, .group = (uint32_t)group};
    stat.user = stat.user == UINT32_MAX ? node->user : stat.user;
    stat.group = stat.group == UINT32_MAX ? node->group : stat.group;
    error = may_change_owner(node, stat.user, stat.group);
    if (error != 0) {
        return subject_refuse(subject, node->system->read_only ? -EROFS : error);
    }
    uint32_t what = CHANGE_OWNER;
    if (!S_ISDIR(node->mode) && (node->mode & (S_ISUID | S_ISGID)) != 0) {
        stat.mode = node->mode & MODE_PERMISSIONS & ~(uint32_t)(S_ISUID | S_ISGID);
        what |= CHANGE_MODE;
    }
    return change(subject, &stat, what);
}

int64_t call_chown(const struct call *call)
{
    struct subject subject;
    int64_t error = subject_of_path(AT_FDCWD, call->argument[0], 0, &subject);
    return change_owner(error, &subject, call->argument[1], call->argument[2]);
}

int64_t call_lchown(const struct call *call)
{
    struct subject subject;
    int64_t error = subject_of_path(AT_FDCWD, call->argument[0], WALK_STAY, &subject);
    return change_owner(error, &subject, call->argument[1], call->argument[2]);
}

int64_t call_fchown(const struct call *call)
{
    struct subject subject;
    int64_t error = subject_of_file(call->argument[0], false, &subject);
    return change_owner(error, &subject, call->argument[1], call->argument[2]);
}

int64_t call_fchownat(const struct call *call)
{
    uint32_t flags = (uint32_t)call->argument[4];
    if ((flags & ~(uint32_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0) {
        return -EINVAL;
    }
    struct subject subject;
    int64_t error = subject_of(call->argument[0], call->argument[1], flags, &subject);
    return change_owner(error, &subject, call->argument[2], call->argument[3]);
}

// Times.

static bool is_time(const struct linux_time *time)
{
    return (time->nanoseconds >= 0 && time->nanoseconds < (int64_t)NANOSECONDS) ||
           time->nanoseconds == UTIME_NOW || time->nanoseconds == UTIME_OMIT;
}

static void fill_time(const struct linux_time *time, int64_t *seconds, uint32_t *nanoseconds)
{
    if (time->nanoseconds == UTIME_NOW) {
        uint64_t now = clock_realtime();
        *seconds = (int64_t)(now / NANOSECONDS);
        *nanoseconds = (uint32_t)(now % NANOSECONDS);
    } else {
        *seconds = time->seconds;
        *nanoseconds = (uint32_t)time->nanoseconds;
    }
}

static int64_t may_change_times(const struct node *node, const struct linux_time *time)
{
    if (node == nullptr || subject_owns(node)) {
        return 0;
    }
    bool now = time[0].nanoseconds == UTIME_NOW && time[1].nanoseconds == UTIME_NOW;
    if (!now) {
        return node->system->read_only ? -EROFS : -EPERM;
    }
    return node_may(node, MAY_WRITE);
}

static int64_t change_times(int64_t error, struct subject *subject, const struct linux_time *time)
{
    if (error != 0) {
        return error;
    }
    error = may_change_times(subject->node, time);
    if (error != 0) {
        return subject_refuse(subject, error);
    }
    struct linux_stat stat = {};
    uint32_t what = 0;
    if (time[0].nanoseconds != UTIME_OMIT) {
        fill_time(&time[0], &stat.accessed_s, &stat.accessed_ns);
        what |= CHANGE_ACCESSED;
    }
    if (time[1].nanoseconds != UTIME_OMIT) {
        fill_time(&time[1], &stat.modified_s, &stat.modified_ns);
        what |= CHANGE_MODIFIED;
    }
    return what == 0 ? subject_refuse(subject, 0) : change(subject, &stat, what);
}

// Two times, of which the program has the second part in units of `unit` nanoseconds; both now when there are none.
static int64_t read_times(uint64_t from, int64_t unit, struct linux_time *time)
{
    if (from == 0) {
        time[0].nanoseconds = UTIME_NOW;
        time[1].nanoseconds = UTIME_NOW;
        return 0;
    }
    if (user_read(time, (struct user){from}, 2 * sizeof *time) != 0) {
        return -EFAULT;
    }
    for (unsigned i = 0; unit > 1 && i < 2; i++) {
        if (time[i].nanoseconds < 0 || time[i].nanoseconds >= (int64_t)NANOSECONDS / unit) {
            return -EINVAL;
        }
        time[i].nanoseconds *= unit;
    }
    return is_time(&time[0]) && is_time(&time[1]) ? 0 : -EINVAL;
}

int64_t call_utimensat(const struct call *call)
{
    struct linux_time time[2] = {};
    struct subject subject;
    uint32_t flags = (uint32_t)call->argument[3];
    if ((flags & ~(uint32_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0) {
        return -EINVAL;
    }
    int64_t error = read_times(call->argument[2], 1, time);
    if (error != 0) {
        return error;
    }
    if (call->argument[1] == 0) {
        error = (int32_t)call->argument[0] == AT_FDCWD
                    ? -EFAULT
                    : subject_of_file(call->argument[0], false, &subject);
    } else {
        error = subject_of(call->argument[0], call->argument[1], flags, &subject);
    }
    return change_times(error, &subject, time);
}

static int64_t change_times_of(int64_t folder, uint64_t path, uint64_t times)
{
    struct linux_time time[2] = {};
    struct subject subject;
    int64_t error = read_times(times, 1000, time);
    if (error == 0) {
        error = subject_of_path(folder, path, 0, &subject);
    }
    return change_times(error, &subject, time);
}

int64_t call_utimes(const struct call *call)
{
    return change_times_of(AT_FDCWD, call->argument[0], call->argument[1]);
}

int64_t call_futimesat(const struct call *call)
{
    return change_times_of((int64_t)call->argument[0], call->argument[1], call->argument[2]);
}

int64_t call_utime(const struct call *call)
{
    struct linux_time time[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
    struct subject subject;
    if (call->argument[1] != 0) {
        int64_t seconds[2];
        if (user_read(seconds, (struct user){call->argument[1]}, sizeof seconds) != 0) {
            return -EFAULT;
        }
        time[0] = (struct linux_time){seconds[0], 0};
        time[1] = (struct linux_time){seconds[1], 0};
    }
    int64_t error = subject_of_path(AT_FDCWD, call->argument[0], 0, &subject);
    return change_times(error, &subject, time);
}

// truncate, by path: as ftruncate of a file that was opened for it.
int64_t call_truncate(const struct call *call)
{
    if ((int64_t)call->argument[1] < 0) {
        return -EINVAL;
    }
    struct subject subject;
    int64_t error = subject_of_path(AT_FDCWD, call->argument[0], 0, &subject);
    if (error != 0) {
        return error;
    }
    if (S_ISDIR(subject.node->mode)) {
        return subject_refuse(&subject, -EISDIR);
    }
    if (!S_ISREG(subject.node->mode)) {
        return subject_refuse(&subject, -EINVAL);
    }
    struct file *file = nullptr;
    error = open_entry(subject.entry, O_WRONLY, &file);
    subject_drop(&subject);
    if (error == 0) {
        error = file_truncate(file, (int64_t)call->argument[1]);
        file_drop(file);
    }
    return error;
}

// statfs.

static int64_t tell_system(const struct subject *subject, struct user to)
{
    if (subject->node == nullptr) {
        return -ENOSYS;
    }
    struct file_system *system = subject->node->system;
    uint64_t block = 4096, blocks = 0, free = 0, nodes = 0, free_nodes = 0;
    if (system->describe != nullptr) {
        int64_t error = system->describe(system, &block, &blocks, &free, &nodes, &free_nodes);
        if (error != 0) {
            return error;
        }
    }
    constexpr int64_t READ_ONLY = 1, VALID = 0x20;
    struct linux_statfs record = {
        .type = (int64_t)system->magic,
        .block = (int64_t)block,
        .blocks = blocks,
        .free = free,
        .available = free,
        .files = nodes,
        .free_files = free_nodes,
        .id = {(int32_t)system->device, 0},
        .name_most = (int64_t)LINUX_NAME_MOST,
        .fragment = (int64_t)block,
        .flags = VALID | (system->read_only ? READ_ONLY : 0),
    };
    return user_write(to, &record, sizeof record);
}

int64_t call_statfs(const struct call *call)
{
    struct subject subject;
    int64_t error = subject_of_path(AT_FDCWD, call->argument[0], 0, &subject);
    if (error == 0) {
        error = tell_system(&subject, (struct user){call->argument[1]});
        subject_drop(&subject);
    }
    return error;
}

int64_t call_fstatfs(const struct call *call)
{
    struct subject subject;
    int64_t error = subject_of_file(call->argument[0], true, &subject);
    if (error == 0) {
        error = tell_system(&subject, (struct user){call->argument[1]});
        subject_drop(&subject);
    }
    return error;
}
