// SPDX-License-Identifier: MIT
#include "device.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <ext2fs/ext2_fs.h>
#include <ext2fs/ext2fs.h>

constexpr int FIRST_BLOCK_SIZE = 1'024; // until the superblock has been read

static struct ext_device device;

void ext_device_set(const struct ext_device *given)
{
    device = *given;
}

// libext2fs tells a person of some errors besides returning them. Here the caller tells.
void com_err(const char *whom, errcode_t code, const char *format, ...)
{
    (void)whom;
    (void)code;
    (void)format;
}

// Its own stands beside the code that makes journals. Nothing is written here.
errcode_t ext2fs_zero_blocks2(ext2_filsys fs, blk64_t block, int count, blk64_t *failed,
                              int *failed_count)
{
    (void)fs;
    (void)block;
    (void)count;
    (void)failed;
    (void)failed_count;
    return EXT2_ET_RO_FILSYS;
}

static errcode_t device_open(const char *name, int flags, io_channel *result)
{
    (void)flags;
    io_channel channel = calloc(1, sizeof *channel);
    char *copy = channel == nullptr ? nullptr : malloc(strlen(name) + 1);
    if (copy == nullptr) {
        free(channel);
        return EXT2_ET_NO_MEMORY;
    }
    memcpy(copy, name, strlen(name) + 1);
    *channel = (struct struct_io_channel){
        .magic = EXT2_ET_MAGIC_IO_CHANNEL,
        .manager = &ext_device_manager,
        .name = copy,
        .block_size = FIRST_BLOCK_SIZE,
        .refcount = 1,
    };
    *result = channel;
    return 0;
}

static errcode_t device_close(io_channel channel)
{
    if (--channel->refcount == 0) {
        free(channel->name);
        free(channel);
    }
    return 0;
}

static errcode_t device_set_block_size(io_channel channel, int size)
{
    channel->block_size = size;
    return 0;
}

// A negative count is one of bytes (libext2fs, io_manager.c).
static errcode_t device_read(io_channel channel, unsigned long long block, int count, void *buffer)
{
    uint64_t block_size = (uint64_t)channel->block_size;
    uint64_t bytes = count < 0 ? (uint64_t)-(int64_t)count : (uint64_t)count * block_size;
    if (block > device.size / block_size || bytes > device.size - block * block_size) {
        return EXT2_ET_SHORT_READ;
    }
    bool read = device.read(device.context, block * block_size, buffer, bytes);
    return read ? 0 : EXT2_ET_SHORT_READ;
}

static errcode_t device_read_short(io_channel channel, unsigned long block, int count, void *buffer)
{
    return device_read(channel, block, count, buffer);
}

static errcode_t device_write(io_channel channel, unsigned long long block, int count,
                              const void *buffer)
{
    (void)channel;
    (void)block;
    (void)count;
    (void)buffer;
    return EXT2_ET_RO_FILSYS;
}

static errcode_t device_write_short(io_channel channel, unsigned long block, int count,
                                    const void *buffer)
{
    return device_write(channel, block, count, buffer);
}

static errcode_t device_flush(io_channel channel)
{
    (void)channel;
    return 0;
}

struct struct_io_manager ext_device_manager = {
    .magic = EXT2_ET_MAGIC_IO_MANAGER,
    .name = "device",
    .open = device_open,
    .close = device_close,
    .set_blksize = device_set_block_size,
    .read_blk = device_read_short,
    .read_blk64 = device_read,
    .write_blk = device_write_short,
    .write_blk64 = device_write,
    .flush = device_flush,
};
