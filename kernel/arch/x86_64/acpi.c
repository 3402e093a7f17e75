// SPDX-License-Identifier: MIT
// Reads ACPI tables. Firmware is not trusted to be sane: each table must lie inside the view and
// have a right checksum, each entry must lie inside its table, and the number of tables is limited.
#include "acpi.h"

constexpr unsigned ACPI_TABLES_MOST = 256;
constexpr uint32_t ACPI_TABLE_LARGEST = 1 << 20;

enum madt_type : uint8_t {
    MADT_LOCAL_APIC = 0,
    MADT_IO_APIC = 1,
    MADT_OVERRIDE = 2,
    MADT_LOCAL_X2APIC = 9,
};

constexpr uint32_t MADT_ENABLED = 1;

struct [[gnu::packed]] acpi_rsdp {
    char signature[8];
    uint8_t checksum;
    char oem[6];
    uint8_t revision;
    uint32_t rsdt;
    uint32_t length; // from here on only with revision 2
    uint64_t xsdt;
    uint8_t extended_checksum;
    uint8_t reserved[3];
};
static_assert(sizeof(struct acpi_rsdp) == 36);

constexpr size_t RSDP_OLD_SIZE = 20;

struct [[gnu::packed]] acpi_header {
    char signature[4];
    uint32_t length;
    uint8_t revision;
    uint8_t checksum;
    char oem[22];
    uint32_t creator;
};
static_assert(sizeof(struct acpi_header) == 36);

struct [[gnu::packed]] madt_local_apic {
    uint8_t type, length, processor, id;
    uint32_t flags;
};

struct [[gnu::packed]] madt_local_x2apic {
    uint8_t type, length;
    uint16_t reserved;
    uint32_t id;
    uint32_t flags;
    uint32_t processor;
};

struct [[gnu::packed]] madt_io_apic {
    uint8_t type, length, id, reserved;
    uint32_t address;
    uint32_t first;
};

struct [[gnu::packed]] madt_override {
    uint8_t type, length, bus, source;
    uint32_t interrupt;
    uint16_t flags; // polarity in bits 0-1, trigger in bits 2-3: 1 is as ISA has it, 3 is the other
};

static bool acpi_sum_is_zero(const uint8_t *bytes, uint32_t size)
{
    uint8_t sum = 0;

    for (uint32_t i = 0; i < size; i++) {
        sum = (uint8_t)(sum + bytes[i]);
    }
    return sum == 0;
}

static bool acpi_rsdp_is_sound(const struct memory_view *view, uint64_t address)
{
    const uint8_t *bytes = memory_view_at(view, address, RSDP_OLD_SIZE);

    return bytes != nullptr && memcmp(bytes, "RSD PTR ", 8) == 0 &&
           acpi_sum_is_zero(bytes, RSDP_OLD_SIZE);
}

static uint64_t acpi_search(const struct memory_view *view, uint64_t from, uint64_t to)
{
    for (uint64_t address = from; address < to; address += 16) {
        if (acpi_rsdp_is_sound(view, address)) {
            return address;
        }
    }
    return 0;
}

uint64_t acpi_find_rsdp(const struct memory_view *view)
{
    constexpr uint64_t EBDA_SEGMENT = 0x40e;
    uint16_t segment = 0;
    uint64_t found = 0;

    if (memory_view_read(view, EBDA_SEGMENT, &segment, sizeof(segment)) && segment != 0) {
        found = acpi_search(view, (uint64_t)segment << 4, ((uint64_t)segment << 4) + 1024);
    }
    return found != 0 ? found : acpi_search(view, 0xe0000, 0x100000);
}

// Gives the bytes of a sound table, and its length; null otherwise.
static const uint8_t *acpi_table(const struct memory_view *view, uint64_t address, uint32_t *length)
{
    struct acpi_header header;
    const uint8_t *bytes;

    if (!memory_view_read(view, address, &header, sizeof(header)) ||
        header.length < sizeof(header) || header.length > ACPI_TABLE_LARGEST) {
        return nullptr;
    }
    bytes = memory_view_at(view, address, header.length);
    if (bytes == nullptr || !acpi_sum_is_zero(bytes, header.length)) {
        return nullptr;
    }
    *length = header.length;
    return bytes;
}

static void madt_add_processor(struct acpi_info *info, uint32_t id, uint32_t flags)
{
    if ((flags & MADT_ENABLED) != 0) {
        if (info->processors < ACPI_PROCESSORS) {
            info->processor[info->processors] = id;
        }
        info->processors++;
    }
}

static void madt_add_io_apic(struct acpi_info *info, const struct madt_io_apic *entry)
{
    if (info->io_apics < ACPI_IO_APICS) {
        info->io_apic[info->io_apics++] =
            (struct acpi_io_apic){.address = entry->address, .first = entry->first};
    }
}

static void madt_add_override(struct acpi_info *info, const struct madt_override *entry)
{
    if (entry->bus == 0 && entry->source < ACPI_ISA_INTERRUPTS) {
        info->isa[entry->source] = (struct acpi_override){
            .interrupt = entry->interrupt,
            .present = true,
            .level = (entry->flags >> 2 & 3) == 3,
            .low = (entry->flags & 3) == 3,
        };
    }
}

// `entry` has `length` bytes. One that is too short for its type says nothing.
static void madt_add(struct acpi_info *info, const uint8_t *entry, uint8_t length)
{
    union {
        struct madt_local_apic local_apic;
        struct madt_local_x2apic local_x2apic;
        struct madt_io_apic io_apic;
        struct madt_override override;
    } content = {};

    memcpy(&content, entry, length < sizeof(content) ? length : sizeof(content));
    if (entry[0] == MADT_LOCAL_APIC && length >= sizeof(content.local_apic)) {
        madt_add_processor(info, content.local_apic.id, content.local_apic.flags);
    } else if (entry[0] == MADT_LOCAL_X2APIC && length >= sizeof(content.local_x2apic)) {
        madt_add_processor(info, content.local_x2apic.id, content.local_x2apic.flags);
    } else if (entry[0] == MADT_IO_APIC && length >= sizeof(content.io_apic)) {
        madt_add_io_apic(info, &content.io_apic);
    } else if (entry[0] == MADT_OVERRIDE && length >= sizeof(content.override)) {
        madt_add_override(info, &content.override);
    }
}

// Section 5.2.12: after the header an address and flags, then entries of type, length, content.
static void madt_read(const uint8_t *table, uint32_t length, struct acpi_info *info)
{
    uint32_t offset = sizeof(struct acpi_header) + 8;

    while (offset + 2 <= length) {
        uint8_t size = table[offset + 1];

        if (size < 2 || size > length - offset) {
            return;
        }
        madt_add(info, table + offset, size);
        offset += size;
    }
}

// Section 5.2.9: the port of the power management timer is at offset 76, its width at 91.
static void fadt_read(const uint8_t *table, uint32_t length, struct acpi_info *info)
{
    uint32_t port;

    if (length < 92 || table[91] != 4) {
        return;
    }
    memcpy(&port, table + 76, sizeof(port));
    info->timer_port = port <= UINT16_MAX ? (uint16_t)port : 0;
}

// The list of tables: RSDT with addresses of 4 bytes, XSDT with addresses of 8.
struct acpi_list {
    uint64_t address;
    uint8_t width;
};

static struct acpi_list acpi_list(const struct memory_view *view, uint64_t address)
{
    struct acpi_rsdp rsdp = {};

    if (!acpi_rsdp_is_sound(view, address) ||
        !memory_view_read(view, address, &rsdp, RSDP_OLD_SIZE)) {
        return (struct acpi_list){};
    }
    if (rsdp.revision >= 2 && memory_view_read(view, address, &rsdp, sizeof(rsdp)) &&
        rsdp.xsdt != 0) {
        return (struct acpi_list){.address = rsdp.xsdt, .width = 8};
    }
    return (struct acpi_list){.address = rsdp.rsdt, .width = 4};
}

bool acpi_read(const struct memory_view *view, uint64_t rsdp, struct acpi_info *info)
{
    struct acpi_list list = acpi_list(view, rsdp);
    uint32_t length;
    const uint8_t *tables = acpi_table(view, list.address, &length);
    bool found = false;

    *info = (struct acpi_info){};
    if (list.width == 0 || tables == nullptr) {
        return false;
    }
    for (uint32_t i = 0; i < ACPI_TABLES_MOST; i++) {
        uint64_t offset = sizeof(struct acpi_header) + (uint64_t)i * list.width;
        uint64_t address = 0;
        uint32_t size;
        const uint8_t *table;

        if (offset + list.width > length) {
            break;
        }
        memcpy(&address, tables + offset, list.width);
        table = acpi_table(view, address, &size);
        if (table != nullptr && !found && memcmp(table, "APIC", 4) == 0) {
            madt_read(table, size, info);
            found = true;
        } else if (table != nullptr && memcmp(table, "FACP", 4) == 0) {
            fadt_read(table, size, info);
        }
    }
    return found;
}
