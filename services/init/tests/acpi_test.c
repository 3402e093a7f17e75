// SPDX-License-Identifier: MIT
#include "acpi.h"

#include <stdlib.h>
#include <string.h>

#include "test.h"

static uint8_t table[512];

static void put(size_t at, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        table[at + i] = (uint8_t)(value >> (8 * i));
    }
}

static void fix_sum(size_t from, size_t size, size_t at)
{
    uint8_t sum = 0;
    table[at] = 0;
    for (size_t i = 0; i < size; i++) {
        sum = (uint8_t)(sum + table[from + i]);
    }
    table[at] = (uint8_t)-sum;
}

static void begin(const char *signature, size_t size)
{
    memset(table, 0, sizeof table);
    memcpy(table, signature, 4);
    put(4, size, 4);
}

static void root(void)
{
    memset(table, 0, sizeof table);
    put(0, 0x2052545020445352, 8); // "RSD PTR "
    table[15] = 2;
    put(16, 0x1000, 4);
    put(20, 36, 4);
    put(24, 0x2000, 8);
    fix_sum(0, 20, 8);
    fix_sum(0, 36, 32);
}

static void configuration(void)
{
    begin("MCFG", 76);
    put(44, 0xb0000000, 8);
    put(52, 1, 2); // another segment
    put(54, 0xff00, 2);
    put(60, 0xc0000000, 8);
    put(70, 0x3f02, 2); // buses 2 to 63
    fix_sum(0, 76, 9);
}

TEST("the table of PCI configuration space gives the first range of segment 0 that makes sense")
{
    configuration();
    struct acpi_configuration found = acpi_configuration_read(table, 76);
    CHECK(found.found && found.base == 0xc0000000);
    CHECK(found.first_bus == 2 && found.last_bus == 63);
    put(52, 0, 2);
    fix_sum(0, 76, 9);
    found = acpi_configuration_read(table, 76);
    CHECK(found.found && found.base == 0xb0000000);
    CHECK(found.first_bus == 0 && found.last_bus == 255);
}

TEST("a table of PCI configuration space that makes no sense gives none")
{
    configuration();
    CHECK(!acpi_configuration_read(table, 75).found);
    put(70, 0x0203, 2); // from 3 to 2
    fix_sum(0, 76, 9);
    CHECK(!acpi_configuration_read(table, 76).found);
    configuration();
    put(60, 0xc0001000, 8);
    fix_sum(0, 76, 9);
    CHECK(!acpi_configuration_read(table, 76).found);
    put(60, 0xfffffffffff00000, 8);
    fix_sum(0, 76, 9);
    CHECK(!acpi_configuration_read(table, 76).found);
    configuration();
    put(4, 59, 4); // the second entry is cut off
    fix_sum(0, 59, 9);
    CHECK(!acpi_configuration_read(table, 59).found);
    configuration();
    table[0] = 'm';
    CHECK(!acpi_configuration_read(table, 76).found);
}

TEST("the ACPI root gives the wide list, or the narrow one when the wide one is not believable")
{
    root();
    struct acpi_root found = acpi_root_read(table, 36);
    CHECK(found.found && found.wide && found.address == 0x2000);
    table[33]++;
    found = acpi_root_read(table, 36);
    CHECK(found.found && !found.wide && found.address == 0x1000);
    table[17]++;
    CHECK(!acpi_root_read(table, 36).found);
    root();
    CHECK(!acpi_root_read(table, 35).found);
}

TEST("an ACPI table with a wrong sum, size or name is not believed")
{
    begin("FACP", 200);
    fix_sum(0, 200, 9);
    CHECK(acpi_table_is(table, 200, "FACP") && !acpi_table_is(table, 200, "DSDT"));
    CHECK(!acpi_table_is(table, 199, "FACP"));
    table[50]++;
    CHECK(!acpi_table_is(table, 200, "FACP"));
    put(4, 35, 4);
    CHECK(acpi_table_size(table) == 0);
    put(4, UINT32_MAX, 4);
    CHECK(acpi_table_size(table) == 0);
}

TEST("the fixed table gives control, sleep and reset registers, old form and new")
{
    begin("FACP", 132);
    put(40, 0x5000, 4);
    put(64, 0x604, 4);
    put(112, 1 << 10, 4);
    table[116] = ACPI_SPACE_IO;
    put(120, 0xcf9, 8);
    table[128] = 6;
    fix_sum(0, 132, 9);
    struct acpi_power power = acpi_power_read(table, 132);
    CHECK(power.found && !power.reduced && power.dsdt == 0x5000);
    CHECK(power.control_a.space == ACPI_SPACE_IO && power.control_a.address == 0x604);
    CHECK(power.control_b.address == 0);
    CHECK(power.reset.address == 0xcf9 && power.reset_value == 6);
    begin("FACP", 276);
    put(112, 1 << 20, 4);
    put(140, 0x6000, 8);
    table[244] = ACPI_SPACE_MEMORY;
    put(248, 0xfea00000, 8);
    fix_sum(0, 276, 9);
    power = acpi_power_read(table, 276);
    CHECK(power.found && power.reduced && power.dsdt == 0x6000);
    CHECK(power.sleep.space == ACPI_SPACE_MEMORY && power.sleep.address == 0xfea00000);
}

static struct acpi_off off_in(const char *code, size_t length)
{
    begin("DSDT", 60 + length);
    memcpy(table + 60, code, length);
    fix_sum(0, 60 + length, 9);
    uint8_t *copy = malloc(60 + length);
    memcpy(copy, table, 60 + length);
    struct acpi_off off = acpi_off_read(copy, 60 + length);
    free(copy);
    return off;
}

TEST("the sleep values are found in the forms that firmware uses")
{
    struct acpi_off off = off_in("\x08_S5_\x12\x06\x04\x0a\x05\x0a\x03\x00\x00", 14);
    CHECK(off.found && off.a == 5 && off.b == 3);
    off = off_in("\x08\\_S5_\x12\x06\x04\x00\x00\x00\x00", 13);
    CHECK(off.found && off.a == 0 && off.b == 0);
    off = off_in("\x08_S5_\x12\x46\x00\x02\x01\x0b\x02\x00", 13);
    CHECK(off.found && off.a == 1 && off.b == 2);
}

TEST("sleep values that are cut, out of range or elsewhere are not taken")
{
    const char *code = "\x08_S5_\x12\x06\x04\x0a\x05\x0a\x03";
    for (size_t length = 0; length < 10; length++) {
        CHECK(!off_in(code, length).found);
    }
    CHECK(!off_in("\x08_S5_\x12\x06\x04\x0a\x09\x0a\x03", 12).found);
    CHECK(!off_in("xx_S5_\x12\x06\x04\x0a\x05\x0a\x03", 13).found);
    srand(11);
    for (int round = 0; round < 5000; round++) {
        char random[64];
        for (size_t i = 0; i < sizeof random; i++) {
            random[i] = "\x08_S5_\x12\x06\xc6\x04\x0a\x0b\x0c\x01\\"[rand() % 15];
        }
        (void)off_in(random, (size_t)rand() % sizeof random);
    }
}
