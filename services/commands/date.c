// SPDX-License-Identifier: MIT
// `date`: the date and time of day, in UTC. `date nanoseconds`: since the beginning of 1970.
//
// It is given: a session with `clock`.
#include <kozo/print.h>
#include <kozo/wall.h>
#include <string.h>

constexpr uint64_t SECOND = 1'000'000'000;
constexpr uint64_t DAY = 86'400;

struct day {
    uint64_t year;
    unsigned month;
    unsigned day;
};

static bool is_leap(uint64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

// The day of the calendar, by taking away whole years, then whole months.
static struct day day_of(uint64_t days)
{
    static const uint8_t months[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct day day = {.year = 1970, .month = 1};
    for (uint64_t year = 365; days >= year; year = is_leap(day.year) ? 366 : 365) {
        days -= year;
        day.year++;
    }
    for (uint64_t month = 31; days >= month; day.month++) {
        days -= month;
        month = months[day.month] + (day.month == 1 && is_leap(day.year) ? 1 : 0);
    }
    day.day = (unsigned)days + 1;
    return day;
}

int main(int argument_count, char **arguments)
{
    if (!kozo_wall_open("clock")) {
        kozo_print("date: nobody knows the date\n");
        return 1;
    }
    uint64_t now = kozo_wall_now();
    if (argument_count > 1 && strcmp(arguments[1], "nanoseconds") == 0) {
        kozo_printf("%lu\n", now);
        return 0;
    }
    struct day day = day_of(now / SECOND / DAY);
    uint64_t second = now / SECOND % DAY;
    kozo_printf("%04lu-%02u-%02u %02lu:%02lu:%02lu UTC\n", day.year, day.month, day.day,
                second / 3600, second / 60 % 60, second % 60);
    return 0;
}
