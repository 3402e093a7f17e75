// SPDX-License-Identifier: MIT
// Writes a raw disk image that boots by BIOS and by UEFI: a GPT with a BIOS boot partition (GRUB's
// core.img) and an EFI system partition (a FAT file system that is made elsewhere). Equal inputs
// give equal images, so the identities of disk and partitions are fixed too.
#include "gpt.h"
#include "grub.h"

#include <stdio.h>
#include <string.h>

// Partitions start at whole MiB.
constexpr uint64_t MIB_SECTORS = 1024 * 1024ul / SECTOR_SIZE;
constexpr uint64_t BOOT_FIRST = MIB_SECTORS;
constexpr uint64_t BOOT_COUNT = MIB_SECTORS;
constexpr uint64_t SYSTEM_FIRST = BOOT_FIRST + BOOT_COUNT;

static const char disk_identity[] = "4B4F5A4F-0000-4000-8000-000000000001";
static const char boot_identity[] = "4B4F5A4F-0000-4000-8000-000000000002";
static const char system_identity[] = "4B4F5A4F-0000-4000-8000-000000000003";

// Types: GRUB's BIOS boot partition, and the EFI system partition (UEFI 2.10, section 5.3.3).
static const char boot_type[] = "21686148-6449-6E6F-744E-656564454649";
static const char system_type[] = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B";

static uint64_t round_up(uint64_t value, uint64_t step)
{
    return (value + step - 1) / step * step;
}

int main(int count, char **arguments)
{
    if (count == 2 && strcmp(arguments[1], "--help") == 0) {
        puts("Usage: mkdisk OUT BOOT.IMG CORE.IMG SYSTEM.FAT\n\n"
             "Writes a GPT disk image that boots by BIOS and UEFI.");
        return 0;
    }
    if (count != 5) {
        fail("four files are needed (mkdisk --help)");
    }

    struct bytes boot = file_read(arguments[2]);
    struct bytes core = file_read(arguments[3]);
    struct bytes system = file_read(arguments[4]);
    if (system.size == 0 || system.size % SECTOR_SIZE != 0) {
        fail("%s: not a whole number of sectors", arguments[4]);
    }

    uint64_t system_count = system.size / SECTOR_SIZE;
    uint64_t sectors = round_up(SYSTEM_FIRST + system_count + GPT_SECTORS_LAST, MIB_SECTORS);
    struct bytes disk = {.size = sectors * SECTOR_SIZE};
    disk.data = allocate(disk.size);

    const struct partition partitions[] = {
        {.type = guid_parse(boot_type),
         .identity = guid_parse(boot_identity),
         .first = BOOT_FIRST,
         .count = BOOT_COUNT,
         .name = "KOZO BIOS boot"},
        {.type = guid_parse(system_type),
         .identity = guid_parse(system_identity),
         .first = SYSTEM_FIRST,
         .count = system_count,
         .name = "KOZO system"},
    };
    gpt_write(disk, guid_parse(disk_identity), partitions, 2);
    grub_install(disk, boot, core, BOOT_FIRST, BOOT_COUNT);
    memcpy(disk.data + SYSTEM_FIRST * SECTOR_SIZE, system.data, system.size);
    file_write(arguments[1], disk);
    return 0;
}
