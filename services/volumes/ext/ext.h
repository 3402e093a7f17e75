// SPDX-License-Identifier: MIT
// A volume in ext2, ext3 or ext4, for reading. Files are named by their inode number; everything is
// looked up anew each time, so nothing here has to be closed but the volume.
//
// The image is not trusted: what it says may be wrong in any way, and comes out as EXT_BROKEN.
#pragma once

#include "device.h"

enum ext_error : uint8_t {
    EXT_OK,
    EXT_NONE,           // there is no such name or attribute
    EXT_NO_DIRECTORY,   // it is no directory
    EXT_NO_FILE,        // it is no regular file
    EXT_NO_LINK,        // it is no symbolic link
    EXT_TOO_LONG,       // it does not fit the buffer
    EXT_UNKNOWN_FORMAT, // no ext volume, or one with a feature that is not known
    EXT_BROKEN,         // the image contradicts itself, or the device failed
    EXT_NO_MEMORY,
};

enum ext_kind : uint8_t {
    EXT_FILE,
    EXT_DIRECTORY,
    EXT_LINK,
    EXT_OTHER, // a device, a pipe, a socket
};

struct ext_time {
    int64_t seconds; // since 1970
    uint32_t nanoseconds;
};

struct ext_status {
    uint32_t inode;
    enum ext_kind kind;
    uint16_t permissions; // the lower 12 bits of the mode
    uint32_t owner;
    uint32_t group;
    uint32_t names; // directory entries that lead here
    uint64_t size;  // bytes
    uint64_t taken; // bytes on the device
    struct ext_time accessed;
    struct ext_time modified;
    struct ext_time changed;
};

struct ext_space {
    uint32_t block_size;
    uint64_t blocks;
    uint64_t blocks_free;
    uint32_t files;
    uint32_t files_free;
};

struct ext_volume;

constexpr uint32_t EXT_ROOT = 2;        // the inode of the top directory
constexpr size_t EXT_NAME = 255;        // bytes of a name at most
constexpr size_t EXT_LINK_MOST = 4'095; // bytes of a link's target

[[nodiscard]] enum ext_error ext_open(const struct ext_device *device, struct ext_volume **volume);

void ext_close(struct ext_volume *volume);

// It was not unmounted, so the newest changes are in a journal that is not read here.
[[nodiscard]] bool ext_is_dirty(const struct ext_volume *volume);

[[nodiscard]] struct ext_space ext_space(const struct ext_volume *volume);

[[nodiscard]] enum ext_error ext_status(struct ext_volume *volume, uint32_t inode,
                                        struct ext_status *status);

// Finds a name, which is not ended by a zero, in a directory.
[[nodiscard]] enum ext_error ext_find(struct ext_volume *volume, uint32_t directory,
                                      const char *name, size_t length, uint32_t *inode);

// Reads up to `bytes` at an offset; holes read as zeros, and beyond the end there is nothing.
[[nodiscard]] enum ext_error ext_read(struct ext_volume *volume, uint32_t inode, uint64_t offset,
                                      void *buffer, size_t bytes, size_t *got);

// Reads where a link leads; no final zero.
[[nodiscard]] enum ext_error ext_read_link(struct ext_volume *volume, uint32_t inode, char *target,
                                           size_t size, size_t *length);

// Shows the entries of a directory, "." and ".." left out, until `entry` returns false.
struct ext_visitor {
    void *context;
    bool (*entry)(void *context, uint32_t inode, enum ext_kind kind, const char *name,
                  size_t length);
};
[[nodiscard]] enum ext_error ext_visit(struct ext_volume *volume, uint32_t directory,
                                       const struct ext_visitor *visitor);

// Reads an extended attribute by its whole name ("user.comment"). `length` is told also when it does not fit.
[[nodiscard]] enum ext_error ext_attribute(struct ext_volume *volume, uint32_t inode,
                                           const char *name, void *buffer, size_t size,
                                           size_t *length);

// Writes the names of all extended attributes, with a zero behind each, as many as fit; `length` is what all would take.
[[nodiscard]] enum ext_error ext_attributes(struct ext_volume *volume, uint32_t inode, char *buffer,
                                            size_t size, size_t *length);
