// SPDX-License-Identifier: MIT
// What the registers of a PC's clock say as a date (Motorola MC146818A data sheet; the century's
// register is where ACPI's FADT has it on every PC that is known).
//
// The clock is taken to show UTC.
#pragma once

#include <stddef.h>
#include <stdint.h>

// The registers that are read, in this order.
enum date_register : uint8_t {
    DATE_SECOND,
    DATE_MINUTE,
    DATE_HOUR,
    DATE_DAY,
    DATE_MONTH,
    DATE_YEAR,
    DATE_CENTURY,
    DATE_MODE, // register B: how the others are to be read
    DATE_REGISTERS,
};

constexpr uint8_t DATE_MODE_BINARY = 1 << 2; // else two decimal digits
constexpr uint8_t DATE_MODE_24 = 1 << 1; // else 12 hours, and bit 7 of the hour is the afternoon
constexpr uint64_t DATE_UNKNOWN = UINT64_MAX;

// Seconds since the beginning of 1970; DATE_UNKNOWN when that is no date.
[[nodiscard]] uint64_t date_seconds(const uint8_t registers[DATE_REGISTERS]);
