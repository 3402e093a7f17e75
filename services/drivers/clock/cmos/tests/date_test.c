// SPDX-License-Identifier: MIT
#include "date.h"

#include <string.h>
#include <time.h>

#include "test.h"

static uint8_t digits(unsigned number)
{
    return (uint8_t)(number / 10 << 4 | number % 10);
}

// The registers at a moment, in two decimal digits or in binary.
static void show(uint64_t seconds, bool binary, uint8_t registers[DATE_REGISTERS])
{
    time_t moment = (time_t)seconds;
    struct tm tm;
    (void)gmtime_r(&moment, &tm);
    unsigned year = (unsigned)tm.tm_year + 1900;
    unsigned numbers[] = {(unsigned)tm.tm_sec,
                          (unsigned)tm.tm_min,
                          (unsigned)tm.tm_hour,
                          (unsigned)tm.tm_mday,
                          (unsigned)tm.tm_mon + 1,
                          year % 100,
                          year / 100};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        registers[i] = binary ? (uint8_t)numbers[i] : digits(numbers[i]);
    }
    registers[DATE_MODE] = DATE_MODE_24 | (binary ? DATE_MODE_BINARY : 0);
}

TEST("every day from 1970 to 2199 is read as the C library has it, in digits and in binary")
{
    uint8_t registers[DATE_REGISTERS];
    for (uint64_t day = 0; day < 84'000; day++) {
        uint64_t seconds = day * 86'400 + day % 86'400;
        show(seconds, day % 2 == 0, registers);
        REQUIRE(date_seconds(registers) == seconds);
    }
}

TEST("twelve hours begin with midnight and noon")
{
    uint8_t registers[DATE_REGISTERS];
    show(0, false, registers);
    registers[DATE_MODE] = 0;
    registers[DATE_HOUR] = 0x12;
    CHECK(date_seconds(registers) == 0);
    registers[DATE_HOUR] = 0x92;
    CHECK(date_seconds(registers) == 12 * 3600);
    registers[DATE_HOUR] = 0x81;
    CHECK(date_seconds(registers) == 13 * 3600);
    registers[DATE_HOUR] = 0x11;
    CHECK(date_seconds(registers) == 11 * 3600);
    for (unsigned wrong = 0; wrong < 256; wrong += 0x80) {
        registers[DATE_HOUR] = (uint8_t)wrong; // hour 0 of 12
        CHECK(date_seconds(registers) == DATE_UNKNOWN);
        registers[DATE_HOUR] = (uint8_t)(wrong | 0x13);
        CHECK(date_seconds(registers) == DATE_UNKNOWN);
    }
}

TEST("a century that is none leaves the year between 1970 and 2069")
{
    uint8_t registers[DATE_REGISTERS];
    show(0, false, registers);
    registers[DATE_CENTURY] = 0;
    CHECK(date_seconds(registers) == 0);
    registers[DATE_YEAR] = 0x69;
    CHECK(date_seconds(registers) == 3124224000); // 1 January 2069
    registers[DATE_CENTURY] = 0xff;
    CHECK(date_seconds(registers) == 3124224000);
}

TEST("what is no date is refused")
{
    static const struct {
        enum date_register at;
        uint8_t value;
    } wrong[] = {
        {DATE_SECOND, 0x60}, {DATE_MINUTE, 0x60}, {DATE_HOUR, 0x24},  {DATE_DAY, 0},
        {DATE_DAY, 0x32},    {DATE_MONTH, 0},     {DATE_MONTH, 0x13}, {DATE_YEAR, 0x9a},
        {DATE_SECOND, 0x0a}, {DATE_YEAR, 0xff},
    };
    uint8_t good[DATE_REGISTERS];
    show(1'000'000'000, false, good);
    REQUIRE(date_seconds(good) == 1'000'000'000);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        uint8_t registers[DATE_REGISTERS];
        memcpy(registers, good, sizeof registers);
        registers[wrong[i].at] = wrong[i].value;
        CHECK(date_seconds(registers) == DATE_UNKNOWN);
    }
    show(951'782'400, false, good); // 29 February 2000
    CHECK(date_seconds(good) == 951'782'400);
    good[DATE_YEAR] = 0x01;
    CHECK(date_seconds(good) == DATE_UNKNOWN);
}

TEST("any registers give a date in range, or none")
{
    uint8_t registers[DATE_REGISTERS];
    uint64_t state = 1;
    for (unsigned round = 0; round < 100'000; round++) {
        for (size_t i = 0; i < DATE_REGISTERS; i++) {
            state = state * 6364136223846793005 + 1442695040888963407;
            registers[i] = (uint8_t)(state >> 56);
        }
        uint64_t seconds = date_seconds(registers);
        CHECK(seconds == DATE_UNKNOWN || seconds < 7'258'118'400); // 2200
    }
}
