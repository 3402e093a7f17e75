// SPDX-License-Identifier: MIT
// A GUID partition table (UEFI specification, section 5.3): a protective MBR, a header and an array
// of entries at the start of the disk, and the last two again at its end, each guarded by a CRC-32.
// The table is written for a whole disk in memory; nothing here knows what the partitions hold.
#pragma once

#include "file.h"

constexpr size_t SECTOR_SIZE = 512;

// Sectors that the table takes at the start of the disk, and at its end.
constexpr uint64_t GPT_SECTORS_FIRST = 34;
constexpr uint64_t GPT_SECTORS_LAST = 33;

// A GUID in the order of its bytes on the disk.
struct guid {
    uint8_t byte[16];
};

struct partition {
    struct guid type;
    struct guid identity;
    uint64_t first;   // sector
    uint64_t count;   // sectors
    const char *name; // at most 35 ASCII characters
};

// The CRC-32 of the specification (polynomial 0x04c11db7, reflected, inverted at start and end).
[[nodiscard]] uint32_t crc32(const uint8_t *data, size_t size);

// Reads a GUID in its usual form, "C12A7328-F81F-11D2-BA4B-00A0C93EC93B".
[[nodiscard]] struct guid guid_parse(const char *text);

// Writes both copies of the table and the protective MBR. The disk is a whole number of sectors;
// the first 440 bytes, where a boot loader lives, stay as they are.
void gpt_write(struct bytes disk, struct guid identity, const struct partition *partitions,
               size_t count);
