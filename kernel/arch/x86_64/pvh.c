// SPDX-License-Identifier: MIT
// Reads the start info of a PVH loader. Every structure is copied out before it is looked at.
#include "pvh.h"

constexpr uint32_t PVH_MAGIC = 0x336ec578; // "xEn3" with the high bit of the E set
constexpr uint32_t PVH_RAM = 1;            // types are those of the ACPI specification, table 15.5
constexpr uint32_t PVH_RANGES_MOST = 4096;

struct pvh_start_info {
    uint32_t magic;
    uint32_t version;
    uint32_t flags;
    uint32_t modules;
    uint64_t module_list;
    uint64_t command_line;
    uint64_t rsdp;
    uint64_t memory_map; // from version 1 on
    uint32_t memory_map_entries;
    uint32_t reserved;
};
static_assert(sizeof(struct pvh_start_info) == 56);

struct pvh_module {
    uint64_t address;
    uint64_t size;
    uint64_t command_line;
    uint64_t reserved;
};

struct pvh_range {
    uint64_t address;
    uint64_t size;
    uint32_t type;
    uint32_t reserved;
};
static_assert(sizeof(struct pvh_range) == 24);

static void pvh_read_memory(const struct memory_view *view, const struct pvh_start_info *info,
                            struct boot *boot)
{
    struct pvh_range range;

    for (uint32_t i = 0; i < info->memory_map_entries && i < PVH_RANGES_MOST; i++) {
        if (!memory_view_read(view, info->memory_map + i * sizeof(range), &range, sizeof(range))) {
            return;
        }
        memory_map_add(boot, range.address, range.size,
                       range.type == PVH_RAM ? MEMORY_RAM : MEMORY_RESERVED);
    }
}

static void pvh_read_module(const struct memory_view *view, const struct pvh_start_info *info,
                            struct boot *boot)
{
    struct pvh_module module;

    if (info->modules > 0 && memory_view_read(view, info->module_list, &module, sizeof(module))) {
        boot->initrd_base = module.address;
        boot->initrd_size = module.size;
    }
}

bool pvh_read(const struct memory_view *view, physical_t address, struct boot *boot)
{
    struct pvh_start_info info;

    if (!memory_view_read(view, address, &info, sizeof(info)) || info.magic != PVH_MAGIC ||
        info.version < 1) {
        return false;
    }
    pvh_read_memory(view, &info, boot);
    pvh_read_module(view, &info, boot);
    if (info.command_line != 0) {
        memory_view_text(view, info.command_line, sizeof(boot->command_line), boot->command_line,
                         sizeof(boot->command_line));
    }
    boot->rsdp = info.rsdp;
    return true;
}
