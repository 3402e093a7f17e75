// SPDX-License-Identifier: MIT
#include "ext.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <ext2fs/ext2_fs.h>
#include <ext2fs/ext2fs.h>

// libext2fs's own structure is the volume.
static ext2_filsys fs_of(const struct ext_volume *volume)
{
    return (ext2_filsys)volume;
}

static enum ext_error error_of(errcode_t code)
{
    switch (code) {
    case 0:
        return EXT_OK;
    case EXT2_ET_FILE_NOT_FOUND:
    case EXT2_ET_EA_KEY_NOT_FOUND:
        return EXT_NONE;
    case EXT2_ET_NO_DIRECTORY:
        return EXT_NO_DIRECTORY;
    case EXT2_ET_NO_MEMORY:
        return EXT_NO_MEMORY;
    case EXT2_ET_BAD_MAGIC:
    case EXT2_ET_UNSUPP_FEATURE:
    case EXT2_ET_RO_UNSUPP_FEATURE:
        return EXT_UNKNOWN_FORMAT;
    default:
        return EXT_BROKEN;
    }
}

enum ext_error ext_open(const struct ext_device *device, struct ext_volume **volume)
{
    ext2_filsys fs = nullptr;
    ext_device_set(device);
    errcode_t code = ext2fs_open("device", EXT2_FLAG_64BITS | EXT2_FLAG_SOFTSUPP_FEATURES, 0, 0,
                                 &ext_device_manager, &fs);
    if (code != 0) {
        return error_of(code);
    }
    // Counts that contradict the device's size would only fail later and less clearly.
    uint64_t blocks = ext2fs_blocks_count(fs->super);
    if (blocks > device->size / fs->blocksize) {
        (void)ext2fs_close_free(&fs);
        return EXT_BROKEN;
    }
    *volume = (struct ext_volume *)fs;
    return EXT_OK;
}

void ext_close(struct ext_volume *volume)
{
    ext2_filsys fs = fs_of(volume);
    (void)ext2fs_close_free(&fs);
}

bool ext_is_dirty(const struct ext_volume *volume)
{
    const struct ext2_super_block *super = fs_of(volume)->super;
    bool needs_recovery = (super->s_feature_incompat & EXT3_FEATURE_INCOMPAT_RECOVER) != 0;
    return needs_recovery || (super->s_state & EXT2_VALID_FS) == 0;
}

struct ext_space ext_space(const struct ext_volume *volume)
{
    ext2_filsys fs = fs_of(volume);
    return (struct ext_space){
        .block_size = fs->blocksize,
        .blocks = ext2fs_blocks_count(fs->super),
        .blocks_free = ext2fs_free_blocks_count(fs->super),
        .files = fs->super->s_inodes_count,
        .files_free = fs->super->s_free_inodes_count,
    };
}

static bool is_inode(ext2_filsys fs, uint32_t inode)
{
    return inode != 0 && inode <= fs->super->s_inodes_count;
}

static enum ext_error read_inode(ext2_filsys fs, uint32_t number, struct ext2_inode_large *inode)
{
    if (!is_inode(fs, number)) {
        return EXT_BROKEN;
    }
    memset(inode, 0, sizeof *inode);
    return error_of(ext2fs_read_inode_full(fs, number, (struct ext2_inode *)inode, sizeof *inode));
}

static enum ext_kind kind_of_mode(uint16_t mode)
{
    if (LINUX_S_ISREG(mode)) {
        return EXT_FILE;
    }
    if (LINUX_S_ISDIR(mode)) {
        return EXT_DIRECTORY;
    }
    return LINUX_S_ISLNK(mode) ? EXT_LINK : EXT_OTHER;
}

// The upper word holds two more bits of the seconds and the nanoseconds (ext4's data structures).
static struct ext_time time_of(uint32_t seconds, uint32_t extra, bool has_extra)
{
    struct ext_time time = {.seconds = (int32_t)seconds};
    if (has_extra) {
        time.seconds += (int64_t)(extra & 3) << 32;
        time.nanoseconds = extra >> 2 < 1'000'000'000 ? extra >> 2 : 0;
    }
    return time;
}

enum ext_error ext_status(struct ext_volume *volume, uint32_t number, struct ext_status *status)
{
    constexpr unsigned EXTRA_END = 28; // i_extra_isize that covers the upper words of three times
    struct ext2_inode_large inode;
    ext2_filsys fs = fs_of(volume);
    enum ext_error error = read_inode(fs, number, &inode);
    if (error != EXT_OK) {
        return error;
    }
    bool has_extra = EXT2_INODE_SIZE(fs->super) > EXT2_GOOD_OLD_INODE_SIZE &&
                     inode.i_extra_isize >= EXTRA_END - 12;
    *status = (struct ext_status){
        .inode = number,
        .kind = kind_of_mode(inode.i_mode),
        .permissions = inode.i_mode & 07777,
        .owner = inode.i_uid | (uint32_t)inode.osd2.linux2.l_i_uid_high << 16,
        .group = inode.i_gid | (uint32_t)inode.osd2.linux2.l_i_gid_high << 16,
        .names = inode.i_links_count,
        .size = EXT2_I_SIZE(&inode),
        .taken = ext2fs_get_stat_i_blocks(fs, (struct ext2_inode *)&inode) * 512,
        .accessed = time_of(inode.i_atime, inode.i_atime_extra, has_extra),
        .modified = time_of(inode.i_mtime, inode.i_mtime_extra, has_extra),
        .changed = time_of(inode.i_ctime, inode.i_ctime_extra, has_extra),
    };
    return EXT_OK;
}

static enum ext_error status_of_kind(struct ext_volume *volume, uint32_t inode, enum ext_kind kind,
                                     enum ext_error otherwise, struct ext_status *status)
{
    enum ext_error error = ext_status(volume, inode, status);
    return error == EXT_OK && status->kind != kind ? otherwise : error;
}

enum ext_error ext_find(struct ext_volume *volume, uint32_t directory, const char *name,
                        size_t length, uint32_t *inode)
{
    struct ext_status status;
    enum ext_error error =
        status_of_kind(volume, directory, EXT_DIRECTORY, EXT_NO_DIRECTORY, &status);
    if (error != EXT_OK) {
        return error;
    }
    if (length == 0 || length > EXT_NAME) {
        return EXT_NONE;
    }
    ext2_ino_t found = 0;
    error = error_of(ext2fs_lookup(fs_of(volume), directory, name, (int)length, nullptr, &found));
    *inode = found;
    return error == EXT_OK && !is_inode(fs_of(volume), found) ? EXT_BROKEN : error;
}

enum ext_error ext_read(struct ext_volume *volume, uint32_t inode, uint64_t offset, void *buffer,
                        size_t bytes, size_t *got)
{
    struct ext_status status;
    *got = 0;
    enum ext_error error = status_of_kind(volume, inode, EXT_FILE, EXT_NO_FILE, &status);
    if (error != EXT_OK || offset >= status.size || bytes == 0) {
        return error;
    }
    constexpr size_t MOST = 1 << 30;
    size_t most = bytes < MOST ? bytes : MOST;
    most = most < status.size - offset ? most : status.size - offset;
    ext2_file_t file = nullptr;
    errcode_t code = ext2fs_file_open(fs_of(volume), inode, 0, &file);
    if (code != 0) {
        return error_of(code);
    }
    code = ext2fs_file_llseek(file, offset, EXT2_SEEK_SET, nullptr);
    unsigned count = 0;
    if (code == 0) {
        code = ext2fs_file_read(file, buffer, (unsigned)most, &count);
    }
    (void)ext2fs_file_close(file);
    *got = count;
    return error_of(code);
}

enum ext_error ext_read_link(struct ext_volume *volume, uint32_t number, char *target, size_t size,
                             size_t *length)
{
    struct ext_status status;
    struct ext2_inode_large inode;
    ext2_filsys fs = fs_of(volume);
    enum ext_error error = status_of_kind(volume, number, EXT_LINK, EXT_NO_LINK, &status);
    error = error == EXT_OK ? read_inode(fs, number, &inode) : error;
    if (error != EXT_OK) {
        return error;
    }
    if (status.size > EXT_LINK_MOST) {
        return EXT_BROKEN;
    }
    if (status.size > size) {
        return EXT_TOO_LONG;
    }
    *length = status.size;
    if (ext2fs_is_fast_symlink((struct ext2_inode *)&inode)) {
        if (status.size > sizeof inode.i_block) {
            return EXT_BROKEN;
        }
        memcpy(target, inode.i_block, status.size);
        return EXT_OK;
    }
    if ((inode.i_flags & EXT4_INLINE_DATA_FL) != 0) {
        return EXT_UNKNOWN_FORMAT;
    }
    blk64_t block = 0;
    errcode_t code =
        ext2fs_bmap2(fs, number, (struct ext2_inode *)&inode, nullptr, 0, 0, nullptr, &block);
    if (code != 0 || block == 0 || status.size > fs->blocksize) {
        return code == EXT2_ET_NO_MEMORY ? EXT_NO_MEMORY : EXT_BROKEN;
    }
    char *bytes = malloc(fs->blocksize);
    if (bytes == nullptr) {
        return EXT_NO_MEMORY;
    }
    code = io_channel_read_blk64(fs->io, block, 1, bytes);
    memcpy(target, bytes, code == 0 ? status.size : 0);
    free(bytes);
    return error_of(code);
}

struct visit {
    const struct ext_visitor *visitor;
    ext2_filsys fs;
};

static enum ext_kind kind_of_entry(int kind)
{
    switch (kind) {
    case EXT2_FT_REG_FILE:
        return EXT_FILE;
    case EXT2_FT_DIR:
        return EXT_DIRECTORY;
    case EXT2_FT_SYMLINK:
        return EXT_LINK;
    default:
        return EXT_OTHER;
    }
}

static int visit_entry(ext2_ino_t directory, int where, struct ext2_dir_entry *entry, int offset,
                       int block_size, char *buffer, void *context)
{
    (void)directory;
    (void)offset;
    (void)block_size;
    (void)buffer;
    const struct visit *visit = context;
    // The first two are "." and "..".
    if (where != DIRENT_OTHER_FILE || !is_inode(visit->fs, entry->inode)) {
        return 0;
    }
    enum ext_kind kind = kind_of_entry(ext2fs_dirent_file_type(entry));
    size_t length = (size_t)ext2fs_dirent_name_len(entry);
    bool more =
        visit->visitor->entry(visit->visitor->context, entry->inode, kind, entry->name, length);
    return more ? 0 : DIRENT_ABORT;
}

enum ext_error ext_visit(struct ext_volume *volume, uint32_t directory,
                         const struct ext_visitor *visitor)
{
    struct ext_status status;
    enum ext_error error =
        status_of_kind(volume, directory, EXT_DIRECTORY, EXT_NO_DIRECTORY, &status);
    if (error != EXT_OK) {
        return error;
    }
    struct visit visit = {.visitor = visitor, .fs = fs_of(volume)};
    return error_of(ext2fs_dir_iterate2(visit.fs, directory, 0, nullptr, visit_entry, &visit));
}

// Opens what an inode has of extended attributes, to be closed after EXT_OK.
static enum ext_error open_attributes(ext2_filsys fs, uint32_t inode,
                                      struct ext2_xattr_handle **handle)
{
    if (!is_inode(fs, inode)) {
        return EXT_BROKEN;
    }
    errcode_t code = ext2fs_xattrs_open(fs, inode, handle);
    if (code != 0) {
        return error_of(code);
    }
    code = ext2fs_xattrs_read(*handle);
    if (code != 0) {
        (void)ext2fs_xattrs_close(handle);
    }
    return error_of(code);
}

enum ext_error ext_attribute(struct ext_volume *volume, uint32_t inode, const char *name,
                             void *buffer, size_t size, size_t *length)
{
    struct ext2_xattr_handle *handle = nullptr;
    enum ext_error error = open_attributes(fs_of(volume), inode, &handle);
    if (error != EXT_OK) {
        return error;
    }
    void *value = nullptr;
    errcode_t code = ext2fs_xattr_get(handle, name, &value, length);
    (void)ext2fs_xattrs_close(&handle);
    if (code != 0) {
        return error_of(code);
    }
    bool fits = *length <= size;
    memcpy(buffer, value, fits ? *length : 0);
    (void)ext2fs_free_mem((void *)&value);
    return fits ? EXT_OK : EXT_TOO_LONG;
}

struct names {
    char *buffer;
    size_t size;
    size_t length;
};

static int visit_attribute(char *name, char *value, size_t size, void *context)
{
    (void)value;
    (void)size;
    struct names *names = context;
    size_t length = strlen(name) + 1;
    if (names->length <= names->size && length <= names->size - names->length) {
        memcpy(names->buffer + names->length, name, length);
    }
    names->length += length;
    return 0;
}

enum ext_error ext_attributes(struct ext_volume *volume, uint32_t inode, char *buffer, size_t size,
                              size_t *length)
{
    struct ext2_xattr_handle *handle = nullptr;
    enum ext_error error = open_attributes(fs_of(volume), inode, &handle);
    if (error != EXT_OK) {
        return error;
    }
    struct names names = {.buffer = buffer, .size = size};
    errcode_t code = ext2fs_xattrs_iterate(handle, visit_attribute, &names);
    (void)ext2fs_xattrs_close(&handle);
    *length = names.length;
    return error_of(code);
}
