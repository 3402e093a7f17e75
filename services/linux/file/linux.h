// SPDX-License-Identifier: MIT
// Numbers and structures that Linux programs share with their kernel, as far as files are concerned. Numbers are those of the C
// library's headers, which has them from Linux; structures are stated here where the library's differ.
#pragma once

#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

constexpr uint32_t MODE_KIND = 0170000;
constexpr uint32_t MODE_PERMISSIONS = 07777;

constexpr uint32_t LINUX_O_LARGEFILE = 0100000;
constexpr uint32_t LINUX_O_TMPFILE = 020000000; // without O_DIRECTORY
constexpr size_t LINUX_PATH_MOST = 4096;        // with the zero
constexpr size_t LINUX_NAME_MOST = 255;
constexpr unsigned LINUX_LINKS_MOST = 40; // followed in one path
constexpr size_t LINUX_VECTOR_MOST = 1024;
constexpr uint64_t LINUX_SIZE_MOST = INT64_MAX;
constexpr uint64_t LINUX_TRANSFER_MOST = 0x7FFF'F000;

// struct stat of x86_64.
struct linux_stat_record {
    uint64_t device;
    uint64_t inode;
    uint64_t links;
    uint32_t mode;
    uint32_t user;
    uint32_t group;
    uint32_t spare;
    uint64_t special;
    int64_t size;
    int64_t block_size;
    int64_t blocks;
    int64_t accessed_s, accessed_ns;
    int64_t modified_s, modified_ns;
    int64_t changed_s, changed_ns;
    int64_t reserved[3];
};
static_assert(sizeof(struct linux_stat_record) == 144);

struct linux_statx_time {
    int64_t seconds;
    uint32_t nanoseconds;
    int32_t spare;
};

struct linux_statx {
    uint32_t mask;
    uint32_t block_size;
    uint64_t attributes;
    uint32_t links;
    uint32_t user;
    uint32_t group;
    uint16_t mode;
    uint16_t spare;
    uint64_t inode;
    uint64_t size;
    uint64_t blocks;
    uint64_t attributes_mask;
    struct linux_statx_time accessed, born, changed, modified;
    uint32_t special_major, special_minor;
    uint32_t device_major, device_minor;
    uint64_t mount;
    uint64_t reserved[13];
};
static_assert(sizeof(struct linux_statx) == 256);

constexpr uint32_t STATX_BASIC = 0x7FF;
constexpr uint32_t STATX_BORN = 0x800;

struct linux_statfs {
    int64_t type;
    int64_t block;
    uint64_t blocks, free, available;
    uint64_t files, free_files;
    int32_t id[2];
    int64_t name_most;
    int64_t fragment;
    int64_t flags;
    int64_t spare[4];
};
static_assert(sizeof(struct linux_statfs) == 120);

// An entry of getdents64; the name with its zero follows, up to a multiple of eight bytes.
struct linux_entry {
    uint64_t inode;
    int64_t next;
    uint16_t length;
    uint8_t kind; // mode >> 12
    char name[];
};

struct linux_vector {
    uint64_t address;
    uint64_t size;
};

struct linux_time {
    int64_t seconds;
    int64_t nanoseconds;
};

// Device numbers as stat tells them.
static inline uint64_t linux_device(uint32_t major, uint32_t minor)
{
    return (minor & 0xFF) | (uint64_t)(major & 0xFFF) << 8 | (uint64_t)(minor & ~0xFFu) << 12;
}
static inline uint32_t linux_major(uint64_t device)
{
    return (uint32_t)(device >> 8 & 0xFFF);
}
static inline uint32_t linux_minor(uint64_t device)
{
    return (uint32_t)((device & 0xFF) | (device >> 12 & 0xFFF'FF00));
}
