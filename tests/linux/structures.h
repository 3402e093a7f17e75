// SPDX-License-Identifier: MIT
// Structures of Linux that the C library does not have, or has otherwise.
#pragma once

#include <stdint.h>

struct folder_entry {
    uint64_t inode;
    int64_t next;
    uint16_t length;
    uint8_t kind;
    char name[];
};

struct system_facts {
    int64_t type, block;
    uint64_t blocks, free, available, files, free_files;
    int32_t id[2];
    int64_t name_most, fragment, flags, spare[4];
};

struct more_facts {
    uint32_t mask, block_size;
    uint64_t attributes;
    uint32_t links, user, group;
    uint16_t mode, spare;
    uint64_t inode, size, blocks, attributes_mask;
    struct {
        int64_t seconds;
        uint32_t nanoseconds;
        int32_t spare;
    } accessed, born, changed, modified;
    uint32_t numbers[4];
    uint64_t rest[14];
};
_Static_assert(sizeof(struct more_facts) == 256, "as Linux has it");
