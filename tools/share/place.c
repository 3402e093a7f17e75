// SPDX-License-Identifier: MIT
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

constexpr mode_t MODE_MASK = 0777;

// File systems whose files are doors into Linux and not data (statfs(2), linux/magic.h).
static const unsigned made_up[] = {
    PROC_SUPER_MAGIC, SYSFS_MAGIC,         DEVPTS_SUPER_MAGIC, CGROUP_SUPER_MAGIC,
    DEBUGFS_MAGIC,    CGROUP2_SUPER_MAGIC, TRACEFS_MAGIC,      SECURITYFS_MAGIC,
    BPF_FS_MAGIC,     EFIVARFS_MAGIC,      PSTOREFS_MAGIC,     BINDERFS_SUPER_MAGIC,
    BINFMTFS_MAGIC,   SELINUX_MAGIC,       SMACK_MAGIC,        SOCKFS_MAGIC,
};

static int is_made_up(int descriptor)
{
    struct statfs file_system;
    if (fstatfs(descriptor, &file_system) != 0) {
        return -errno;
    }
    for (size_t i = 0; i < sizeof made_up / sizeof made_up[0]; i++) {
        if ((unsigned)file_system.f_type == made_up[i]) {
            return -EACCES;
        }
    }
    return 0;
}

// Whether a path is another one or lies below it.
static bool is_below(const char *path, const char *above)
{
    size_t length = strlen(above);
    return strncmp(path, above, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

// Whether a path is one of a list, or lies below one.
static bool is_under(const char *const *list, const char *path)
{
    for (; list != nullptr && *list != nullptr; list++) {
        if (is_below(path, *list)) {
            return true;
        }
    }
    return false;
}

// Whether the first part of a path begins as a name with an asterisk at its end does.
static bool matches(const char *path, const char *name)
{
    size_t length = strlen(name) - 1;
    return name[length] == '*' && strncmp(path, name, length) == 0;
}

static bool is_matched(const char *const *list, const char *path)
{
    for (; *list != nullptr; list++) {
        if (matches(path, *list)) {
            return true;
        }
    }
    return false;
}

// Whether one of a list is a path, or lies below it.
static bool is_over(const char *const *list, const char *path)
{
    for (; list != nullptr && *list != nullptr; list++) {
        if (is_below(*list, path)) {
            return true;
        }
    }
    return false;
}

static bool is_shown(const struct place *place, const char *path)
{
    if (path[0] == '\0') {
        return true;
    }
    bool listed = place->only == nullptr || is_under(place->only, path) ||
                  is_over(place->only, path) || is_matched(place->only, path);
    return listed && !is_under(place->except, path) &&
           (place->hides == nullptr || !place->hides(place, path));
}

bool place_allows(const struct place *place, const char *path)
{
    return is_shown(place, path);
}

bool place_is_closed(const struct place *place, const char *path)
{
    return is_under(place->closed, path);
}

bool place_shows(const struct place *place, const char *path, const char *name)
{
    char whole[PLACE_PATH];
    int length = snprintf(whole, sizeof whole, "%s%s%s", path, path[0] != '\0' ? "/" : "", name);
    return length > 0 && (size_t)length < sizeof whole && is_shown(place, whole);
}

bool place_may_change(const struct place *place, const char *path)
{
    bool named = place->writable != nullptr && path[0] != '\0' && is_under(place->writable, path);
    return (place->write || named) && is_shown(place, path) && !is_under(place->except_write, path);
}

bool place_may_move(const struct place *place, const char *path)
{
    return place_may_change(place, path) && !is_over(place->except, path) &&
           !is_over(place->except_write, path);
}

// A descriptor of whatever the path leads to, a link included. Nothing is opened by it: no device
// notices. EAGAIN means that something was renamed meanwhile.
static int find(const struct place *place, const char *path)
{
    constexpr unsigned TRIES = 64;
    const struct open_how how = {
        .flags = O_PATH | O_CLOEXEC | O_NOFOLLOW,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    long descriptor = -1;
    if (!is_shown(place, path)) {
        return -EACCES;
    }
    for (unsigned i = 0; i < TRIES; i++) {
        descriptor =
            syscall(SYS_openat2, place->root, path[0] == '\0' ? "." : path, &how, sizeof how);
        if (descriptor >= 0 || errno != EAGAIN) {
            break;
        }
    }
    if (descriptor >= 0) {
        return (int)descriptor;
    }
    return errno == EXDEV || errno == ELOOP || errno == EAGAIN ? -EACCES : -errno;
}

int place_find(const struct place *place, const char *path, struct stat *status)
{
    int descriptor = find(place, path);
    if (descriptor < 0) {
        return descriptor;
    }
    int error = fstat(descriptor, status) == 0 ? is_made_up(descriptor) : -errno;
    mode_t mode = status->st_mode;
    if (error == 0 && !S_ISREG(mode) && !S_ISDIR(mode) && !S_ISLNK(mode)) {
        error = -EACCES;
    }
    if (error != 0) {
        close(descriptor);
        return error;
    }
    return descriptor;
}

// Makes a place of its folder, which it takes over.
static int begin(struct place *place, const char *name, int root, bool write)
{
    if (root < 0) {
        return -errno;
    }
    int error = is_made_up(root);
    if (error != 0) {
        close(root);
        return error;
    }
    *place = (struct place){.name = name, .root = root, .write = write};
    return 0;
}

int place_open(struct place *place, const char *name, const char *folder, bool write)
{
    return begin(place, name, open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC), write);
}

int place_open_plain(struct place *place, const char *name, const char *folder, bool write)
{
    const struct open_how how = {
        .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
        .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    long root = syscall(SYS_openat2, AT_FDCWD, folder, &how, sizeof how);
    return begin(place, name, (int)root, write);
}

void place_close(struct place *place)
{
    close(place->root);
    place->root = -1;
}

// The name of a descriptor for calls that take only paths (proc_pid_fd(5)). It is a magic link: it
// leads to just that object, whatever was renamed since.
struct magic_link {
    char path[32];
};

static struct magic_link magic_link(int descriptor)
{
    struct magic_link link;
    (void)snprintf(link.path, sizeof link.path, "/proc/self/fd/%d", descriptor);
    return link;
}

int place_open_file(const struct place *place, const char *path, int flags)
{
    constexpr int ALLOWED = O_ACCMODE | O_APPEND | O_TRUNC | O_DIRECTORY;
    struct stat status;
    int found = place_find(place, path, &status);
    if (found < 0) {
        return found;
    }
    int opened = -ELOOP;
    if (!S_ISLNK(status.st_mode)) {
        opened = open(magic_link(found).path, (flags & ALLOWED) | O_CLOEXEC | O_NOCTTY);
        opened = opened < 0 ? -errno : opened;
    }
    close(found);
    return opened;
}

// The folder in which something is made, renamed or removed. Were it moved away by the host between
// this and its use, the change would happen where the person has moved it.
static int find_folder(const struct place *place, const char *path)
{
    struct stat status;
    int found = place_find(place, path, &status);
    if (found >= 0 && !S_ISDIR(status.st_mode)) {
        close(found);
        return -ENOTDIR;
    }
    return found;
}

// The same for something in it.
static int find_folder_for(const struct place *place, const char *path, const char *name)
{
    return place_shows(place, path, name) ? find_folder(place, path) : -EACCES;
}

int place_create(const struct place *place, const char *folder, const char *name, int flags,
                 mode_t mode)
{
    int parent = find_folder_for(place, folder, name);
    if (parent < 0) {
        return parent;
    }
    int created = openat(parent, name,
                         (flags & (O_ACCMODE | O_APPEND)) | O_CREAT | O_EXCL | O_NOFOLLOW |
                             O_CLOEXEC | O_NOCTTY,
                         mode & MODE_MASK);
    created = created < 0 ? -errno : created;
    close(parent);
    return created;
}

int place_make_folder(const struct place *place, const char *folder, const char *name, mode_t mode)
{
    int parent = find_folder_for(place, folder, name);
    if (parent < 0) {
        return parent;
    }
    int error = mkdirat(parent, name, mode & MODE_MASK) == 0 ? 0 : -errno;
    close(parent);
    return error;
}

int place_make_link(const struct place *place, const char *folder, const char *name,
                    const char *target)
{
    int parent = find_folder_for(place, folder, name);
    if (parent < 0) {
        return parent;
    }
    int error = symlinkat(target, parent, name) == 0 ? 0 : -errno;
    close(parent);
    return error;
}

int place_add_name(const struct place *place, const char *path, const char *folder,
                   const char *name)
{
    struct stat status;
    int found = place_find(place, path, &status);
    if (found < 0) {
        return found;
    }
    int parent = find_folder_for(place, folder, name);
    int error = parent;
    if (parent >= 0) {
        bool linked =
            linkat(AT_FDCWD, magic_link(found).path, parent, name, AT_SYMLINK_FOLLOW) == 0;
        error = linked ? 0 : -errno;
        close(parent);
    }
    close(found);
    return error;
}

int place_rename(const struct place *place, const char *from, const char *name, const char *to,
                 const char *new_name)
{
    int old_parent = find_folder_for(place, from, name);
    if (old_parent < 0) {
        return old_parent;
    }
    int new_parent = find_folder_for(place, to, new_name);
    int error = new_parent;
    if (new_parent >= 0) {
        error = renameat(old_parent, name, new_parent, new_name) == 0 ? 0 : -errno;
        close(new_parent);
    }
    close(old_parent);
    return error;
}

int place_remove(const struct place *place, const char *folder, const char *name, bool directory)
{
    int parent = find_folder_for(place, folder, name);
    if (parent < 0) {
        return parent;
    }
    int error = unlinkat(parent, name, directory ? AT_REMOVEDIR : 0) == 0 ? 0 : -errno;
    close(parent);
    return error;
}

long place_read_link(const struct place *place, const char *path, char *target, size_t size)
{
    struct stat status;
    int found = place_find(place, path, &status);
    if (found < 0) {
        return found;
    }
    long length = -EINVAL;
    if (S_ISLNK(status.st_mode)) {
        length = readlinkat(found, "", target, size);
        length = length < 0 ? -errno : length;
    }
    close(found);
    return length;
}

// Links keep their mode and have no size of their own.
static int change_file(int found, const struct place_change *change)
{
    struct magic_link link = magic_link(found);
    if (change->mode && chmod(link.path, change->new_mode & MODE_MASK) != 0) {
        return -errno;
    }
    return change->size && truncate(link.path, change->new_size) != 0 ? -errno : 0;
}

int place_change(const struct place *place, const char *path, const struct place_change *change)
{
    struct stat status;
    int found = place_find(place, path, &status);
    if (found < 0) {
        return found;
    }
    int error = 0;
    if (change->mode || change->size) {
        error = S_ISLNK(status.st_mode) ? -EINVAL : change_file(found, change);
    }
    bool touch = change->times[0].tv_nsec != UTIME_OMIT || change->times[1].tv_nsec != UTIME_OMIT;
    if (error == 0 && touch && utimensat(found, "", change->times, AT_EMPTY_PATH) != 0) {
        error = -errno;
    }
    close(found);
    return error;
}

// --- Extended attributes

// Others are security's, the administrator's and Linux's own.
static bool is_of_user(const char *name)
{
    static const char prefix[] = "user.";
    return strncmp(name, prefix, sizeof prefix - 1) == 0 && name[sizeof prefix - 1] != '\0';
}

long place_attribute(int descriptor, const char *name, uint8_t *value, size_t size)
{
    if (!is_of_user(name)) {
        return -EOPNOTSUPP;
    }
    long got = fgetxattr(descriptor, name, value, size);
    return got >= 0 ? got : errno == ERANGE ? -E2BIG : -errno;
}

long place_attributes(int descriptor, char *names, size_t size)
{
    static char all[1 << 16]; // more Linux never tells (xattr(7))
    long got = flistxattr(descriptor, all, sizeof all);
    if (got < 0) {
        return -errno;
    }
    size_t used = 0;
    for (const char *name = all; name < all + got; name += strlen(name) + 1) {
        size_t length = strlen(name) + 1;
        if (!is_of_user(name)) {
            continue;
        }
        if (length > size - used) {
            return -E2BIG;
        }
        memcpy(names + used, name, length);
        used += length;
    }
    return (long)used;
}

int place_set_attribute(int descriptor, const char *name, const uint8_t *value, size_t size,
                        int flags)
{
    if (!is_of_user(name)) {
        return -EOPNOTSUPP;
    }
    return fsetxattr(descriptor, name, value, size, flags) == 0 ? 0 : -errno;
}

int place_remove_attribute(int descriptor, const char *name)
{
    if (!is_of_user(name)) {
        return -EOPNOTSUPP;
    }
    return fremovexattr(descriptor, name) == 0 ? 0 : -errno;
}
