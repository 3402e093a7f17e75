// SPDX-License-Identifier: MIT
#include "acpi.h"

#include <string.h>

static uint64_t number(const uint8_t *bytes, size_t count)
{
    uint64_t value = 0;
    for (size_t i = count; i > 0; i--) {
        value = value << 8 | bytes[i - 1];
    }
    return value;
}

static bool sums_to_zero(const uint8_t *bytes, size_t size)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < size; i++) {
        sum = (uint8_t)(sum + bytes[i]);
    }
    return sum == 0;
}

struct acpi_root acpi_root_read(const uint8_t *bytes, size_t size)
{
    constexpr size_t FIRST_PART = 20;
    struct acpi_root root = {};
    if (size < ACPI_ROOT_SIZE || memcmp(bytes, "RSD PTR ", 8) != 0 ||
        !sums_to_zero(bytes, FIRST_PART)) {
        return root;
    }
    bool second = bytes[15] >= 2 && sums_to_zero(bytes, ACPI_ROOT_SIZE);
    uint64_t wide = second ? number(bytes + 24, 8) : 0;
    root.wide = wide != 0;
    root.address = wide != 0 ? wide : number(bytes + 16, 4);
    root.found = root.address != 0;
    return root;
}

size_t acpi_table_size(const uint8_t *header)
{
    uint64_t size = number(header + 4, 4);
    return size >= ACPI_HEADER_SIZE && size <= ACPI_TABLE_MOST ? size : 0;
}

bool acpi_table_is(const uint8_t *table, size_t size, const char *signature)
{
    return size >= ACPI_HEADER_SIZE && memcmp(table, signature, 4) == 0 &&
           acpi_table_size(table) == size && sums_to_zero(table, size);
}

// The 64-bit form of a register when the table has one, else the 32-bit port.
static struct acpi_register register_read(const uint8_t *table, size_t size, size_t port,
                                          size_t generic)
{
    if (size >= generic + 12) {
        struct acpi_register wide = {table[generic], number(table + generic + 4, 8)};
        if (wide.address != 0) {
            return wide;
        }
    }
    uint64_t address = port != 0 && size >= port + 4 ? number(table + port, 4) : 0;
    return (struct acpi_register){ACPI_SPACE_IO, address};
}

struct acpi_power acpi_power_read(const uint8_t *table, size_t size)
{
    constexpr uint32_t FLAG_RESET = 1 << 10;
    constexpr uint32_t FLAG_REDUCED = 1 << 20;
    struct acpi_power power = {};
    if (!acpi_table_is(table, size, "FACP") || size < 116) {
        return power;
    }
    uint64_t flags = number(table + 112, 4);
    uint64_t wide_dsdt = size >= 148 ? number(table + 140, 8) : 0;
    power.found = true;
    power.dsdt = wide_dsdt != 0 ? wide_dsdt : number(table + 40, 4);
    power.enable_port = (uint32_t)number(table + 48, 4);
    power.enable_value = table[52];
    power.control_a = register_read(table, size, 64, 172);
    power.control_b = register_read(table, size, 68, 184);
    power.reduced = (flags & FLAG_REDUCED) != 0;
    if (power.reduced) {
        power.sleep = register_read(table, size, 0, 244);
    }
    if ((flags & FLAG_RESET) != 0 && size >= 129) {
        power.reset = register_read(table, size, 0, 116);
        power.reset_value = table[128];
    }
    return power;
}

struct acpi_configuration acpi_configuration_read(const uint8_t *table, size_t size)
{
    constexpr size_t FIRST = 44;
    constexpr size_t ENTRY = 16;
    constexpr uint64_t BUS = 1 << 20;
    if (!acpi_table_is(table, size, "MCFG")) {
        return (struct acpi_configuration){};
    }
    for (size_t at = FIRST; at + ENTRY <= size; at += ENTRY) {
        struct acpi_configuration found = {
            .found = true,
            .first_bus = table[at + 10],
            .last_bus = table[at + 11],
            .base = number(table + at, 8),
        };
        bool segment_0 = number(table + at + 8, 2) == 0;
        bool in_order = found.first_bus <= found.last_bus && found.base != 0 &&
                        found.base % BUS == 0 && found.base <= UINT64_MAX - 256 * BUS;
        if (segment_0 && in_order) {
            return found;
        }
    }
    return (struct acpi_configuration){};
}

// A small constant of the byte code: its value and length; length 0 when there is none.
struct constant {
    uint8_t value;
    size_t length;
};

static struct constant constant_read(const uint8_t *code, size_t size)
{
    constexpr uint8_t ZERO = 0x00;
    constexpr uint8_t ONE = 0x01;
    constexpr uint8_t BYTE_PREFIX = 0x0a;
    constexpr uint8_t WORD_PREFIX = 0x0b;
    constexpr uint8_t DOUBLE_PREFIX = 0x0c;
    if (size >= 1 && (code[0] == ZERO || code[0] == ONE)) {
        return (struct constant){code[0], 1};
    }
    if (size >= 2 && code[0] == BYTE_PREFIX) {
        return (struct constant){code[1], 2};
    }
    if (size >= 3 && code[0] == WORD_PREFIX) {
        return (struct constant){code[1], 3};
    }
    if (size >= 5 && code[0] == DOUBLE_PREFIX) {
        return (struct constant){code[1], 5};
    }
    return (struct constant){};
}

// Reads a package of at least one constant at `code`: PackageOp, its length (one to four bytes),
// the number of elements, the elements.
static struct acpi_off package_read(const uint8_t *code, size_t size)
{
    constexpr uint8_t PACKAGE = 0x12;
    struct acpi_off off = {};
    if (size < 3 || code[0] != PACKAGE) {
        return off;
    }
    size_t at = 2 + (size_t)(code[1] >> 6);
    if (at >= size) {
        return off;
    }
    uint8_t elements = code[at++];
    struct constant first = constant_read(code + at, size - at);
    if (elements == 0 || first.length == 0) {
        return off;
    }
    at += first.length;
    struct constant second = constant_read(code + at, size - at);
    off.found = first.value < 8;
    off.a = first.value;
    off.b = elements > 1 && second.length > 0 && second.value < 8 ? second.value : 0;
    return off;
}

struct acpi_off acpi_off_read(const uint8_t *table, size_t size)
{
    constexpr uint8_t NAME = 0x08;
    if (!acpi_table_is(table, size, "DSDT")) {
        return (struct acpi_off){};
    }
    for (size_t at = ACPI_HEADER_SIZE; at + 6 < size; at++) {
        bool named = memcmp(table + at, "_S5_", 4) == 0 &&
                     (table[at - 1] == NAME || (table[at - 1] == '\\' && table[at - 2] == NAME));
        struct acpi_off off =
            named ? package_read(table + at + 4, size - at - 4) : (struct acpi_off){};
        if (off.found) {
            return off;
        }
    }
    return (struct acpi_off){};
}
