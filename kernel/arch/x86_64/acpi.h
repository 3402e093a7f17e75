// SPDX-License-Identifier: MIT
// The little that the kernel needs of ACPI: how many processors there are, where the I/O APICs are,
// and where the interrupts of the ISA bus arrive (ACPI specification 6.5, section 5.2). Also the
// ACPI timer, as a second clock. All else is for user space.
#pragma once

#include "memory_view.h"

constexpr unsigned ACPI_IO_APICS = 8;
constexpr unsigned ACPI_PROCESSORS = 64;
constexpr unsigned ACPI_ISA_INTERRUPTS = 16;

struct acpi_io_apic {
    uint32_t address;
    uint32_t first; // the global system interrupt of its input 0
};

// Where an ISA interrupt arrives, if not as its own number, edge triggered and active high.
struct acpi_override {
    uint32_t interrupt; // global system interrupt
    bool present;
    bool level;
    bool low;
};

struct acpi_info {
    unsigned processors;                 // that are enabled
    uint32_t processor[ACPI_PROCESSORS]; // the local APICs of the first of them
    unsigned io_apics;
    struct acpi_io_apic io_apic[ACPI_IO_APICS];
    struct acpi_override isa[ACPI_ISA_INTERRUPTS];
    uint16_t timer_port; // of the power management timer; 0 without one
};

// Searches the places that a BIOS uses (section 5.2.5.1). 0 when nothing was found.
[[nodiscard]] uint64_t acpi_find_rsdp(const struct memory_view *view);

// Follows the RSDP to the tables, and fills `info`. False when there is no sound MADT; then `info`
// is all zero but for the timer.
bool acpi_read(const struct memory_view *view, uint64_t rsdp, struct acpi_info *info);
