// SPDX-License-Identifier: MIT
// Reads what is needed of the firmware's ACPI tables to turn the machine off and to reset it: pure
// functions over bytes that may be anything. Source: ACPI Specification 6.5, sections given below.
#pragma once

#include <stddef.h>
#include <stdint.h>

constexpr size_t ACPI_ROOT_SIZE = 36;
constexpr size_t ACPI_HEADER_SIZE = 36;
constexpr size_t ACPI_TABLE_MOST = 4 << 20; // larger tables are not believed

// Where the list of tables is (5.2.5.3).
struct acpi_root {
    bool found;
    bool wide; // entries of 8 bytes (XSDT), not of 4 (RSDT)
    uint64_t address;
};
[[nodiscard]] struct acpi_root acpi_root_read(const uint8_t *bytes, size_t size);

// The size that a table's header claims; 0 when it is not believable (5.2.6).
[[nodiscard]] size_t acpi_table_size(const uint8_t *header);

// Whether these are all bytes of a table with this signature, and their sum is right.
[[nodiscard]] bool acpi_table_is(const uint8_t *table, size_t size, const char *signature);

// A register (5.2.3.2).
constexpr uint8_t ACPI_SPACE_MEMORY = 0;
constexpr uint8_t ACPI_SPACE_IO = 1;
struct acpi_register {
    uint8_t space;
    uint64_t address; // 0: there is none
};

// What the Fixed ACPI Description Table says about power (5.2.9, 4.8.3).
struct acpi_power {
    bool found;
    bool reduced; // hardware-reduced: sleep registers instead of PM1
    uint64_t dsdt;
    uint32_t enable_port; // SMI command port; 0: ACPI mode is always on
    uint8_t enable_value;
    struct acpi_register control_a; // PM1a and PM1b control
    struct acpi_register control_b;
    struct acpi_register sleep;
    struct acpi_register reset;
    uint8_t reset_value;
};
[[nodiscard]] struct acpi_power acpi_power_read(const uint8_t *table, size_t size);

// Where the configuration space of PCI is in memory, of segment 0 (PCI Firmware Specification 3.0,
// 4.1.2): 1 MiB for each bus.
struct acpi_configuration {
    bool found;
    uint8_t first_bus;
    uint8_t last_bus;
    uint64_t base; // of bus 0, also when that is not among them
};
[[nodiscard]] struct acpi_configuration acpi_configuration_read(const uint8_t *table, size_t size);

// The values that the DSDT's \_S5 object gives for sleeping state 5, "soft off" (7.4.2, 20.2).
struct acpi_off {
    bool found;
    uint8_t a;
    uint8_t b;
};
[[nodiscard]] struct acpi_off acpi_off_read(const uint8_t *table, size_t size);
