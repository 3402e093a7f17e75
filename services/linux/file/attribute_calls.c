// SPDX-License-Identifier: MIT
// Calls about extended attributes, of the namespace `user`: others are for a kernel that knows users, and answer EOPNOTSUPP. Files and
// folders have some where their file system keeps them; whoever may read or write the file may read or write these.
#include "../core/call.h"
#include "../core/errno.h"
#include "../core/store.h"
#include "../core/user.h"
#include "linux.h"
#include "subject.h"

#include <string.h>

constexpr size_t NAME_MOST = 255;
constexpr size_t SIZE_MOST = 65'536; // of a value, and of all names
constexpr uint32_t CREATE = 1, REPLACE = 2;

// How the first argument of a call names its subject.
enum by : uint8_t {
    BY_PATH,
    BY_LINK, // a path whose link at the end is not followed
    BY_DESCRIPTOR,
};

static int64_t find(enum by by, uint64_t what, struct subject *subject)
{
    return by == BY_DESCRIPTOR
               ? subject_of_file(what, false, subject)
               : subject_of_path(AT_FDCWD, what, by == BY_LINK ? WALK_STAY : 0, subject);
}

static int64_t read_name(uint64_t from, char *name)
{
    int64_t length = user_string(name, (struct user){from}, NAME_MOST + 1);
    return length == 0 || length == -ENAMETOOLONG ? -ERANGE : length;
}

// Whether the caller may read or write an attribute of this name.
static int64_t may_use(const struct node *node, const char *name, bool write)
{
    static const char user[] = "user.";
    if (strncmp(name, user, sizeof user - 1) != 0) {
        return -EOPNOTSUPP;
    }
    if (node == nullptr || (!S_ISREG(node->mode) && !S_ISDIR(node->mode))) {
        return write ? -EPERM : -ENODATA;
    }
    if (write && S_ISDIR(node->mode) && (node->mode & S_ISVTX) != 0 && !subject_owns(node)) {
        return -EPERM;
    }
    int64_t error = node_may(node, write ? MAY_WRITE : MAY_READ);
    return error == 0 && name[sizeof user - 1] == '\0' ? -EINVAL : error;
}

static struct name name_of(const char *name)
{
    return (struct name){name, strlen(name)};
}

// A buffer for so many bytes, which may be none; false when memory is used up.
static bool take_buffer(size_t size, void **buffer)
{
    *buffer = size > 0 ? store_take(size) : nullptr;
    return size == 0 || *buffer != nullptr;
}

// Gives a program what was read, of which there may be more than it has room for; ends the buffer.
static int64_t give(int64_t size, uint64_t to, void *buffer, size_t room)
{
    if (size > 0 && room > 0) {
        int64_t error =
            (size_t)size > room ? -ERANGE : user_write((struct user){to}, buffer, (size_t)size);
        size = error != 0 ? error : size;
    }
    store_give(buffer, room);
    return size;
}

static int64_t get(const struct call *call, enum by by)
{
    char name[NAME_MOST + 1];
    struct subject subject;
    void *buffer = nullptr;
    size_t room = call->argument[3] < SIZE_MOST ? call->argument[3] : SIZE_MOST;
    int64_t error = read_name(call->argument[1], name);
    error = error < 0 ? error : find(by, call->argument[0], &subject);
    if (error != 0) {
        return error;
    }
    struct node *node = subject.node;
    int64_t size = may_use(node, name, false);
    if (size == 0 && node->operations->attribute == nullptr) {
        size = -EOPNOTSUPP;
    } else if (size == 0 && !take_buffer(room, &buffer)) {
        size = -ENOMEM;
    } else if (size == 0) {
        size = give(node->operations->attribute(node, name_of(name), buffer, room),
                    call->argument[2], buffer, room);
    }
    subject_drop(&subject);
    return size;
}

static int64_t list(const struct call *call, enum by by)
{
    struct subject subject;
    void *buffer = nullptr;
    size_t room = call->argument[2] < SIZE_MOST ? call->argument[2] : SIZE_MOST;
    int64_t size = find(by, call->argument[0], &subject);
    if (size != 0) {
        return size;
    }
    struct node *node = subject.node;
    bool any = node != nullptr && node->operations->attributes != nullptr &&
               (S_ISREG(node->mode) || S_ISDIR(node->mode));
    if (any && !take_buffer(room, &buffer)) {
        size = -ENOMEM;
    } else if (any) {
        size =
            give(node->operations->attributes(node, buffer, room), call->argument[1], buffer, room);
    }
    subject_drop(&subject);
    return size;
}

// Ends the subject.
static int64_t change(struct subject *subject, const char *name, const uint8_t *value, size_t size,
                      uint32_t flags)
{
    struct node *node = subject->node;
    bool both = flags == (CREATE | REPLACE);
    int64_t error = node != nullptr && node->system->read_only ? -EROFS : may_use(node, name, true);
    if (error == 0 && node->operations->set_attribute == nullptr) {
        error = -EOPNOTSUPP;
    }
    if (error == 0 && both) {
        error = node->operations->attribute(node, name_of(name), nullptr, 0);
        error = error >= 0 ? -EEXIST : error;
    }
    if (error == 0) {
        error = subject_note(
            subject, node->operations->set_attribute(node, name_of(name), value, size, flags));
    }
    return subject_refuse(subject, error);
}

static int64_t set(const struct call *call, enum by by)
{
    char name[NAME_MOST + 1];
    struct subject subject;
    void *value = nullptr;
    size_t size = call->argument[3];
    uint32_t flags = (uint32_t)call->argument[4];
    if ((flags & ~(CREATE | REPLACE)) != 0) {
        return -EINVAL;
    }
    int64_t error = read_name(call->argument[1], name);
    if (error >= 0) {
        error = size > SIZE_MOST ? -E2BIG : !take_buffer(size, &value) ? -ENOMEM : 0;
    }
    if (error == 0 && size > 0) {
        error = user_read(value, (struct user){call->argument[2]}, size);
    }
    error = error != 0 ? error : find(by, call->argument[0], &subject);
    error = error != 0 ? error : change(&subject, name, value, size, flags);
    store_give(value, size);
    return error;
}

static int64_t take_away(const struct call *call, enum by by)
{
    char name[NAME_MOST + 1];
    struct subject subject;
    int64_t error = read_name(call->argument[1], name);
    error = error < 0 ? error : find(by, call->argument[0], &subject);
    if (error != 0) {
        return error;
    }
    struct node *node = subject.node;
    error = node != nullptr && node->system->read_only ? -EROFS : may_use(node, name, true);
    if (error == 0) {
        error =
            node->operations->remove_attribute == nullptr
                ? -EOPNOTSUPP
                : subject_note(&subject, node->operations->remove_attribute(node, name_of(name)));
    }
    return subject_refuse(&subject, error);
}

int64_t call_getxattr(const struct call *call)
{
    return get(call, BY_PATH);
}

int64_t call_lgetxattr(const struct call *call)
{
    return get(call, BY_LINK);
}

int64_t call_fgetxattr(const struct call *call)
{
    return get(call, BY_DESCRIPTOR);
}

int64_t call_listxattr(const struct call *call)
{
    return list(call, BY_PATH);
}

int64_t call_llistxattr(const struct call *call)
{
    return list(call, BY_LINK);
}

int64_t call_flistxattr(const struct call *call)
{
    return list(call, BY_DESCRIPTOR);
}

int64_t call_setxattr(const struct call *call)
{
    return set(call, BY_PATH);
}

int64_t call_lsetxattr(const struct call *call)
{
    return set(call, BY_LINK);
}

int64_t call_fsetxattr(const struct call *call)
{
    return set(call, BY_DESCRIPTOR);
}

int64_t call_removexattr(const struct call *call)
{
    return take_away(call, BY_PATH);
}

int64_t call_lremovexattr(const struct call *call)
{
    return take_away(call, BY_LINK);
}

int64_t call_fremovexattr(const struct call *call)
{
    return take_away(call, BY_DESCRIPTOR);
}
