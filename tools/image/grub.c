// SPDX-License-Identifier: MIT
// Putting GRUB's images where the BIOS finds them; see grub.h.
#include "grub.h"
#include "gpt.h"
#include "little_endian.h"

#include <string.h>

// Fields of boot.img.
constexpr size_t BOOT_CODE_END = 440;    // the disk's signature and partition table follow
constexpr size_t BOOT_CORE_SECTOR = 92;  // 64 bits: where core.img starts
constexpr size_t BOOT_DRIVE_CHECK = 102; // a jump of two bytes over the test of the drive number

// The first sector of core.img ends in a list of runs of sectors, filled from its end: first sector
// (64 bits), count (16 bits), segment to load to (16 bits).
constexpr size_t CORE_RUN = SECTOR_SIZE - 12;
constexpr uint16_t CORE_SEGMENT = 0x820;

constexpr uint8_t NO_OPERATION = 0x90;

void grub_install(struct bytes disk, struct bytes boot, struct bytes core, uint64_t first,
                  uint64_t room)
{
    uint64_t sectors = (core.size + SECTOR_SIZE - 1) / SECTOR_SIZE;
    if (boot.size != SECTOR_SIZE) {
        fail("boot.img is not one sector");
    }
    if (core.size <= SECTOR_SIZE || sectors > room || sectors > UINT16_MAX) {
        fail("core.img has no room: %zu bytes", core.size);
    }

    memcpy(disk.data, boot.data, BOOT_CODE_END);
    store_64(disk.data + BOOT_CORE_SECTOR, first);
    // Without the jump, a BIOS that passes no proper drive number is taken to mean the first disk.
    memset(disk.data + BOOT_DRIVE_CHECK, NO_OPERATION, 2);

    uint8_t *start = disk.data + first * SECTOR_SIZE;
    memcpy(start, core.data, core.size);
    store_64(start + CORE_RUN, first + 1);
    store_16(start + CORE_RUN + 8, (uint16_t)(sectors - 1));
    store_16(start + CORE_RUN + 10, CORE_SEGMENT);
}
