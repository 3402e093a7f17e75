// SPDX-License-Identifier: MIT
// A place: a folder of the host that a person granted, and every way to reach what is in it.
//
// The rule of this file, and the reason that it is the only one here with system calls that take a
// path: each path is walked from the granted folder anew, by openat2 with RESOLVE_BENEATH and
// RESOLVE_NO_SYMLINKS (openat2(2)), so that Linux itself refuses whatever would leave the folder,
// also while somebody renames things in it. Links are data for the guest to follow; the host
// follows none. Only regular files, directories and links are there: a device, a socket or a pipe
// answers EACCES, and so does anything in a file system that Linux makes up (/proc, /sys).
//
// Paths are relative to the folder, without "." and ".." and without a slash at either end; the
// folder itself is "". Functions that fail return -errno.
#pragma once

#include <dirent.h>
#include <stdint.h>
#include <sys/stat.h>

struct place {
    const char *name; // what the guest attaches to
    int root;         // the folder, opened with O_PATH
    bool write;       // may be changed
    // Lists that end with a null, or null for none. What they hide answers EACCES, whether it is there or
    // not. When there is `only`, only these paths are there, with what lies below them, and the folders on the
    // way to them. A name in it that ends with an asterisk stands for all that begin so.
    const char *const *only;
    const char *const *writable; // names directly in the folder that may be changed all the same
    const char *const *except;   // paths that are not there, with what lies below them
    const char *const *except_write; // paths that may not be changed, with what lies below them
    const char *const *closed; // paths that are not walked to any more: who is there already stays
    // Null, or asked for each path: whether it is hidden as if it was in `except`; and told of each that a guest
    // has opened. `at` is for their use: where the folder is on the host.
    bool (*hides)(const struct place *place, const char *path);
    void (*opened)(const struct place *place, const char *path, bool directory);
    const char *at;
};

constexpr size_t PLACE_PATH = 4'096; // bytes of a path with its final zero

// Opens a folder as a place. The name must live as long as the place.
[[nodiscard]] int place_open(struct place *place, const char *name, const char *folder, bool write);

// The same for a path that leads through no link: whoever puts one there meanwhile is refused.
[[nodiscard]] int place_open_plain(struct place *place, const char *name, const char *folder,
                                   bool write);

void place_close(struct place *place);

// Whether something at a path is there for the guest, if the host has it.
[[nodiscard]] bool place_allows(const struct place *place, const char *path);

// Whether no way leads to a path any more.
[[nodiscard]] bool place_is_closed(const struct place *place, const char *path);

// Whether a place has something of this name directly in its folder `path`.
[[nodiscard]] bool place_shows(const struct place *place, const char *path, const char *name);

// Whether what is at a path may be changed, by what the person granted.
[[nodiscard]] bool place_may_change(const struct place *place, const char *path);

// Whether it may also get another name, or be replaced or removed. A folder above something that is
// hidden or protected may not: what is in it would be found under another path.
[[nodiscard]] bool place_may_move(const struct place *place, const char *path);

// A descriptor that stands for the object and allows nothing but to look at it.
[[nodiscard]] int place_find(const struct place *place, const char *path, struct stat *status);

// Opens a file for reading or writing, or a directory for reading. Of the flags, the access mode,
// O_APPEND, O_TRUNC and O_DIRECTORY count.
[[nodiscard]] int place_open_file(const struct place *place, const char *path, int flags);

// Makes a new file, which must not be there yet.
[[nodiscard]] int place_create(const struct place *place, const char *folder, const char *name,
                               int flags, mode_t mode);

[[nodiscard]] int place_make_folder(const struct place *place, const char *folder, const char *name,
                                    mode_t mode);
[[nodiscard]] int place_make_link(const struct place *place, const char *folder, const char *name,
                                  const char *target);
// A second name for a file. Both ends are in this place.
[[nodiscard]] int place_add_name(const struct place *place, const char *path, const char *folder,
                                 const char *name);
[[nodiscard]] int place_rename(const struct place *place, const char *from, const char *name,
                               const char *to, const char *new_name);
[[nodiscard]] int place_remove(const struct place *place, const char *folder, const char *name,
                               bool directory);

// Reads where a link leads: as many bytes as fit, no final zero. Returns their number.
[[nodiscard]] long place_read_link(const struct place *place, const char *path, char *target,
                                   size_t size);

// Extended attributes of the namespace `user`, of files and folders; other namespaces are EOPNOTSUPP. They take a
// descriptor that place_open_file gave, and what is larger than `size` is E2BIG. The number of bytes is given. Names have a zero
// behind each.
[[nodiscard]] long place_attribute(int descriptor, const char *name, uint8_t *value, size_t size);
[[nodiscard]] long place_attributes(int descriptor, char *names, size_t size);
[[nodiscard]] int place_set_attribute(int descriptor, const char *name, const uint8_t *value,
                                      size_t size, int flags);
[[nodiscard]] int place_remove_attribute(int descriptor, const char *name);

// What place_change can change. Owners can't be: everything belongs to who runs this.
struct place_change {
    bool mode;
    bool size;
    struct timespec times[2]; // access and modification, with UTIME_NOW and UTIME_OMIT
    mode_t new_mode;          // set-id bits are dropped
    off_t new_size;
};

[[nodiscard]] int place_change(const struct place *place, const char *path,
                               const struct place_change *change);
