// SPDX-License-Identifier: MIT
// Calls on descriptors themselves: dup, close, fcntl, flock, ioctl.
#include "handlers.h"

#include "../core/caller.h"
#include "../core/errno.h"
#include "descriptors.h"
#include "linux.h"
#include "locks.h"
#include "pipe.h"
#include "ram.h"

#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

static int64_t dup_from(uint64_t number, uint64_t lowest, bool exec_closes)
{
    struct file *file = descriptor_any(caller()->descriptors, (uint32_t)number);
    return file != nullptr ? descriptor_put(file, exec_closes, lowest) : -EBADF;
}

int64_t call_dup(const struct call *call)
{
    return dup_from(call->argument[0], 0, false);
}

static int64_t dup_to(uint32_t from, uint32_t to, bool exec_closes)
{
    struct file *file = descriptor_any(caller()->descriptors, from);
    if (file == nullptr) {
        return -EBADF;
    }
    if (to >= caller()->limit[RLIMIT_NOFILE].soft) {
        file_drop(file);
        return -EBADF;
    }
    return descriptor_set(caller()->descriptors, to, file, exec_closes);
}

int64_t call_dup2(const struct call *call)
{
    uint32_t from = (uint32_t)call->argument[0];
    uint32_t to = (uint32_t)call->argument[1];
    if (from != to) {
        return dup_to(from, to, false);
    }
    struct file *file = descriptor_any(caller()->descriptors, from);
    if (file == nullptr) {
        return -EBADF;
    }
    file_drop(file);
    return to;
}

int64_t call_dup3(const struct call *call)
{
    uint32_t flags = (uint32_t)call->argument[2];
    if ((flags & ~(uint32_t)O_CLOEXEC) != 0 ||
        (uint32_t)call->argument[0] == (uint32_t)call->argument[1]) {
        return -EINVAL;
    }
    return dup_to((uint32_t)call->argument[0], (uint32_t)call->argument[1], flags != 0);
}

int64_t call_close(const struct call *call)
{
    return descriptor_close(caller()->descriptors, (uint32_t)call->argument[0]);
}

int64_t call_close_range(const struct call *call)
{
    constexpr uint32_t UNSHARE = 2;
    constexpr uint32_t CLOEXEC = 4;
    uint32_t first = (uint32_t)call->argument[0];
    uint32_t last = (uint32_t)call->argument[1];
    uint32_t flags = (uint32_t)call->argument[2];
    if ((flags & ~(UNSHARE | CLOEXEC)) != 0 || first > last) {
        return -EINVAL;
    }
    struct descriptors *table = caller()->descriptors;
    if ((flags & UNSHARE) != 0 && descriptors_are_shared(table)) {
        struct descriptors *own = descriptors_copy(table);
        if (own == nullptr) {
            return -ENOMEM;
        }
        caller()->descriptors = own;
        descriptors_drop(table);
        table = own;
    }
    for (int64_t number = descriptor_next(table, first); number >= 0 && number <= last;
         number = descriptor_next(table, (uint64_t)number + 1)) {
        if ((flags & CLOEXEC) != 0) {
            (void)descriptor_set_exec_closes(table, (uint64_t)number, true);
        } else {
            (void)descriptor_close(table, (uint64_t)number);
        }
    }
    return 0;
}

// Locks by fcntl.

struct linux_lock {
    int16_t type;
    int16_t whence;
    int64_t start;
    int64_t size;
    int32_t process;
};

static int64_t base_of(struct file *file, int whence, int64_t *base)
{
    struct linux_stat stat = {};
    int64_t error = 0;
    *base = 0;
    if (whence == SEEK_CUR) {
        *base = (int64_t)file->offset;
    } else if (whence == SEEK_END) {
        error = file_stat(file, &stat);
        *base = (int64_t)stat.size;
    } else if (whence != SEEK_SET) {
        error = -EINVAL;
    }
    return error;
}

// The range that a program names, as first and last byte.
static int64_t range_of(struct file *file, const struct linux_lock *from, struct lock *lock)
{
    int64_t start = 0;
    int64_t error = base_of(file, from->whence, &start);
    if (error != 0) {
        return error;
    }
    int64_t end = INT64_MAX;
    if (__builtin_add_overflow(start, from->start, &start)) {
        return -EOVERFLOW;
    }
    if (from->size > 0 && __builtin_add_overflow(start, from->size - 1, &end)) {
        return -EOVERFLOW;
    }
    if (from->size < 0) {
        end = start - 1;
        start += from->size;
    }
    if (start < 0) {
        return -EINVAL;
    }
    lock->start = (uint64_t)start;
    lock->end = (uint64_t)end;
    return 0;
}

static int64_t tell_lock(struct file *file, const struct lock *lock, struct linux_lock *told)
{
    if (told->type == F_UNLCK) {
        return -EINVAL;
    }
    const struct lock *other = lock_in_the_way(file->node, lock);
    if (other == nullptr) {
        told->type = F_UNLCK;
        return 0;
    }
    told->type = other->write ? F_WRLCK : F_RDLCK;
    told->whence = SEEK_SET;
    told->start = (int64_t)other->start;
    told->size = other->end == INT64_MAX ? 0 : (int64_t)(other->end - other->start + 1);
    told->process = other->family == LOCK_OF_FILE ? -1 : (int32_t)other->process;
    return 0;
}

static int64_t set_lock(struct file *file, const struct lock *lock, int type, bool wait)
{
    if (type == F_UNLCK) {
        return lock_give(file->node, lock);
    }
    if (type == F_WRLCK ? !file_writes(file) : !file_reads(file)) {
        return -EBADF;
    }
    return lock_take(file->node, lock, wait);
}

static int64_t control_locks(struct file *file, uint64_t command, struct user argument)
{
    struct linux_lock told;
    if (user_read(&told, argument, sizeof told) != 0) {
        return -EFAULT;
    }
    if (told.type != F_RDLCK && told.type != F_WRLCK && told.type != F_UNLCK) {
        return -EINVAL;
    }
    if (file->node == nullptr) {
        return -EINVAL;
    }
    bool of_file = command == F_OFD_GETLK || command == F_OFD_SETLK || command == F_OFD_SETLKW;
    if (of_file && told.process != 0) {
        return -EINVAL;
    }
    struct lock lock = {
        .owner = of_file ? (const void *)file : caller()->descriptors,
        .family = of_file ? LOCK_OF_FILE : LOCK_OF_PROCESS,
        .write = told.type == F_WRLCK,
        .process = caller()->process,
    };
    int64_t error = range_of(file, &told, &lock);
    if (error != 0) {
        return error;
    }
    if (command == F_GETLK || command == F_OFD_GETLK) {
        error = tell_lock(file, &lock, &told);
        return error != 0 ? error : user_write(argument, &told, sizeof told);
    }
    return set_lock(file, &lock, told.type, command == F_SETLKW || command == F_OFD_SETLKW);
}

int64_t call_flock(const struct call *call)
{
    struct file *file = descriptor_file(call->argument[0]);
    if (file == nullptr) {
        return -EBADF;
    }
    uint32_t operation = (uint32_t)call->argument[1];
    bool wait = (operation & LOCK_NB) == 0;
    operation &= ~(uint32_t)LOCK_NB;
    struct lock lock = {.owner = file,
                        .family = LOCK_WHOLE,
                        .write = operation == LOCK_EX,
                        .process = caller()->process,
                        .end = INT64_MAX};
    int64_t result = -EINVAL;
    if (file->node == nullptr) {
        result = operation == LOCK_SH || operation == LOCK_EX || operation == LOCK_UN ? 0 : -EINVAL;
    } else if (operation == LOCK_UN) {
        result = lock_give(file->node, &lock);
    } else if (operation == LOCK_SH || operation == LOCK_EX) {
        result = lock_take(file->node, &lock, wait);
    }
    file_drop(file);
    return result;
}

// fcntl.

constexpr uint32_t CHANGEABLE = O_APPEND | O_NONBLOCK | O_DIRECT | O_ASYNC | O_NOATIME;

static int64_t set_flags(struct file *file, uint32_t flags)
{
    file->flags = (file->flags & ~CHANGEABLE) | (flags & CHANGEABLE);
    return 0;
}

static int64_t set_exec_closes(uint32_t number, uint64_t flags)
{
    bool there = descriptor_set_exec_closes(caller()->descriptors, number, (flags & 1) != 0);
    return there ? 0 : -EBADF;
}

// Commands that hold for files opened with O_PATH too.
static bool is_of_descriptor(uint64_t command)
{
    return command == F_DUPFD || command == F_DUPFD_CLOEXEC || command == F_GETFD ||
           command == F_SETFD || command == F_GETFL;
}

static int64_t control_descriptor(uint32_t number, struct file *file, uint64_t command,
                                  uint64_t argument)
{
    switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        if (argument >= caller()->limit[RLIMIT_NOFILE].soft) {
            return -EINVAL;
        }
        return dup_from(number, argument, command == F_DUPFD_CLOEXEC);
    case F_GETFD:
        return descriptor_exec_closes(caller()->descriptors, number) ? 1 : 0;
    case F_SETFD:
        return set_exec_closes(number, argument);
    default:
        return (int64_t)(file->flags & ~(uint32_t)O_CLOEXEC);
    }
}

static int64_t control_file(struct file *file, uint64_t command, uint64_t argument)
{
    constexpr uint64_t ADD_SEALS = 1033, GET_SEALS = 1034, SET_PIPE_SIZE = 1031,
                       GET_PIPE_SIZE = 1032;
    switch (command) {
    case F_SETFL:
        return set_flags(file, (uint32_t)argument);
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
        return control_locks(file, command, (struct user){argument});
    case F_SETOWN:
        file->owner = (uint32_t)argument;
        return 0;
    case F_GETOWN:
        return (int32_t)file->owner;
    case SET_PIPE_SIZE:
        return pipe_set_size(file, (uint32_t)argument);
    case GET_PIPE_SIZE:
        return pipe_size(file);
    case ADD_SEALS:
        return ram_add_seals(file, (uint32_t)argument);
    case GET_SEALS:
        return ram_seals(file);
    default:
        return -EINVAL;
    }
}

int64_t call_fcntl(const struct call *call)
{
    uint32_t number = (uint32_t)call->argument[0];
    uint64_t command = (uint32_t)call->argument[1];
    struct file *file = descriptor_any(caller()->descriptors, number);
    if (file == nullptr) {
        return -EBADF;
    }
    int64_t result = 0;
    if (is_of_descriptor(command)) {
        result = control_descriptor(number, file, command, call->argument[2]);
    } else if ((file->flags & O_PATH) != 0) {
        result = -EBADF;
    } else {
        result = control_file(file, command, call->argument[2]);
    }
    file_drop(file);
    return result;
}

// ioctl: some requests are the same for all files, the rest is for the kind.

static int64_t set_flag(struct file *file, uint32_t flag, struct user argument)
{
    int32_t on = 0;
    if (user_read(&on, argument, sizeof on) != 0) {
        return -EFAULT;
    }
    file->flags = on != 0 ? file->flags | flag : file->flags & ~flag;
    return 0;
}

static int64_t tell_unread(struct file *file, struct user argument)
{
    struct linux_stat stat = {};
    int64_t error = file_stat(file, &stat);
    if (error != 0) {
        return error;
    }
    int32_t left = (int32_t)(stat.size - file->offset);
    return user_write(argument, &left, sizeof left);
}

static int64_t control(uint32_t number, struct file *file, uint64_t request, struct user argument)
{
    constexpr uint64_t CLONE = 0x4004'9409; // FICLONE
    switch (request) {
    case FIOCLEX:
        return set_exec_closes(number, 1);
    case FIONCLEX:
        return set_exec_closes(number, 0);
    case FIONBIO:
        return set_flag(file, O_NONBLOCK, argument);
    case FIOASYNC:
        return set_flag(file, O_ASYNC, argument);
    case CLONE:
        return file->operations->sized ? -EOPNOTSUPP : -EINVAL;
    case FIONREAD:
        if (file->operations->control == nullptr && file->operations->sized &&
            file->operations->list == nullptr) {
            return tell_unread(file, argument);
        }
        break;
    default:
        break;
    }
    return file->operations->control != nullptr ? file->operations->control(file, request, argument)
                                                : -ENOTTY;
}

int64_t call_ioctl(const struct call *call)
{
    uint32_t number = (uint32_t)call->argument[0];
    struct file *file = descriptor_file(number);
    if (file == nullptr) {
        return -EBADF;
    }
    int64_t result =
        control(number, file, (uint32_t)call->argument[1], (struct user){call->argument[2]});
    file_drop(file);
    return result;
}
