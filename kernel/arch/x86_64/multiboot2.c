// SPDX-License-Identifier: MIT
// Reads Multiboot2 boot information: a total size, then tags, each at a multiple of 8. A tag that
// does not fit into the rest ends the reading.
#include "multiboot2.h"

enum multiboot2_tag : uint32_t {
    TAG_END = 0,
    TAG_COMMAND_LINE = 1,
    TAG_MODULE = 3,
    TAG_MEMORY_MAP = 6,
    TAG_ACPI_OLD = 14,
    TAG_ACPI_NEW = 15,
};

constexpr uint32_t MULTIBOOT2_RAM = 1;
constexpr uint64_t PAGE_MASK = KOZO_PAGE_SIZE - 1;

struct multiboot2_info {
    uint32_t total_size;
    uint32_t reserved;
};

struct multiboot2_tag_header {
    uint32_t type;
    uint32_t size; // with this header
};

struct multiboot2_module {
    uint32_t start;
    uint32_t end;
};

struct multiboot2_map {
    uint32_t entry_size;
    uint32_t entry_version;
};

struct multiboot2_range {
    uint64_t address;
    uint64_t size;
    uint32_t type;
    uint32_t reserved;
};
static_assert(sizeof(struct multiboot2_range) == 24);

// The content of a tag: where it is, and how much.
struct multiboot2_content {
    physical_t address;
    uint32_t size;
};

static void multiboot2_read_memory(const struct memory_view *view,
                                   struct multiboot2_content content, struct boot *boot)
{
    struct multiboot2_map map;
    struct multiboot2_range range;
    uint64_t offset = sizeof(map);

    if (content.size < sizeof(map) || !memory_view_read(view, content.address, &map, sizeof(map)) ||
        map.entry_size < sizeof(range)) {
        return;
    }
    while (offset + sizeof(range) <= content.size &&
           memory_view_read(view, content.address + offset, &range, sizeof(range))) {
        memory_map_add(boot, range.address, range.size,
                       range.type == MULTIBOOT2_RAM ? MEMORY_RAM : MEMORY_RESERVED);
        offset += map.entry_size;
    }
}

static void multiboot2_read_module(const struct memory_view *view,
                                   struct multiboot2_content content, struct boot *boot)
{
    struct multiboot2_module module;

    if (boot->initrd_size != 0 || content.size < sizeof(module) ||
        !memory_view_read(view, content.address, &module, sizeof(module)) ||
        module.end <= module.start) {
        return;
    }
    boot->initrd_base = module.start;
    boot->initrd_size = module.end - module.start;
}

static void multiboot2_keep_rsdp(struct multiboot2_content content, struct boot *boot)
{
    physical_t first = content.address & ~PAGE_MASK;
    physical_t end = (content.address + content.size + PAGE_MASK) & ~PAGE_MASK;

    boot->rsdp = content.address;
    memory_map_add(boot, first, end - first, MEMORY_RESERVED);
}

static void multiboot2_read_tag(const struct memory_view *view, uint32_t type,
                                struct multiboot2_content content, struct boot *boot)
{
    switch (type) {
    case TAG_COMMAND_LINE:
        memory_view_text(view, content.address, content.size, boot->command_line,
                         sizeof(boot->command_line));
        break;
    case TAG_MODULE:
        multiboot2_read_module(view, content, boot);
        break;
    case TAG_MEMORY_MAP:
        multiboot2_read_memory(view, content, boot);
        break;
    case TAG_ACPI_OLD:
        if (boot->rsdp == 0) {
            multiboot2_keep_rsdp(content, boot);
        }
        break;
    case TAG_ACPI_NEW:
        multiboot2_keep_rsdp(content, boot);
        break;
    default:
        break;
    }
}

bool multiboot2_read(const struct memory_view *view, physical_t address, struct boot *boot)
{
    struct multiboot2_info info;
    struct multiboot2_tag_header tag;
    uint64_t offset = sizeof(info);

    if (!memory_view_read(view, address, &info, sizeof(info)) ||
        memory_view_at(view, address, info.total_size) == nullptr) {
        return false;
    }
    while (offset + sizeof(tag) <= info.total_size &&
           memory_view_read(view, address + offset, &tag, sizeof(tag))) {
        if (tag.type == TAG_END || tag.size < sizeof(tag) || tag.size > info.total_size - offset) {
            break;
        }
        multiboot2_read_tag(view, tag.type,
                            (struct multiboot2_content){.address = address + offset + sizeof(tag),
                                                        .size = tag.size - (uint32_t)sizeof(tag)},
                            boot);
        offset += (tag.size + UINT64_C(7)) & ~UINT64_C(7);
    }
    return true;
}
