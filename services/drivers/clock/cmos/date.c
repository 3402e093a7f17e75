// SPDX-License-Identifier: MIT
#include "date.h"

constexpr uint8_t AFTERNOON = 1 << 7;
constexpr uint64_t FIRST_YEAR = 1970;
constexpr unsigned NO_NUMBER = 1000;

// The number that a register stands for; NO_NUMBER when its digits are none.
static unsigned number_of(uint8_t value, uint8_t mode)
{
    if ((mode & DATE_MODE_BINARY) != 0) {
        return value;
    }
    unsigned tens = value >> 4;
    unsigned ones = value & 15;
    return tens > 9 || ones > 9 ? NO_NUMBER : tens * 10 + ones;
}

static unsigned hour_of(uint8_t value, uint8_t mode)
{
    if ((mode & DATE_MODE_24) != 0) {
        return number_of(value, mode);
    }
    unsigned hour = number_of(value & (uint8_t)~AFTERNOON, mode);
    if (hour < 1 || hour > 12) {
        return NO_NUMBER;
    }
    return hour % 12 + ((value & AFTERNOON) != 0 ? 12 : 0);
}

static bool is_leap(uint64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned days_of_month(uint64_t year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

// Whole days from the beginning of 1970 to a date.
static uint64_t days_until(uint64_t year, unsigned month, unsigned day)
{
    uint64_t days = day - 1;
    for (uint64_t at = FIRST_YEAR; at < year; at++) {
        days += is_leap(at) ? 366 : 365;
    }
    for (unsigned at = 1; at < month; at++) {
        days += days_of_month(year, at);
    }
    return days;
}

// Two digits of a year, with the century's register where that holds something sensible.
static uint64_t year_of(unsigned year, unsigned century)
{
    bool sensible = century >= 19 && century <= 21;
    unsigned hundreds = sensible ? century : year < FIRST_YEAR % 100 ? 20 : 19;
    return hundreds * 100 + year;
}

uint64_t date_seconds(const uint8_t registers[DATE_REGISTERS])
{
    uint8_t mode = registers[DATE_MODE];
    unsigned second = number_of(registers[DATE_SECOND], mode);
    unsigned minute = number_of(registers[DATE_MINUTE], mode);
    unsigned hour = hour_of(registers[DATE_HOUR], mode);
    unsigned day = number_of(registers[DATE_DAY], mode);
    unsigned month = number_of(registers[DATE_MONTH], mode);
    unsigned short_year = number_of(registers[DATE_YEAR], mode);
    if (second > 59 || minute > 59 || hour > 23 || month < 1 || month > 12 || short_year > 99) {
        return DATE_UNKNOWN;
    }
    uint64_t year = year_of(short_year, number_of(registers[DATE_CENTURY], mode));
    if (year < FIRST_YEAR || day < 1 || day > days_of_month(year, month)) {
        return DATE_UNKNOWN;
    }
    return ((days_until(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
}
