// SPDX-License-Identifier: MIT
// The root names the list of tables, the list names the tables; acpi.c reads each.
#include "tables.h"

#include "acpi.h"
#include "init.h"

const uint8_t *tables_look(struct physical *physical, uint64_t address, size_t *size)
{
    const uint8_t *header = physical_look(physical, address, ACPI_HEADER_SIZE, false);
    *size = header != nullptr ? acpi_table_size(header) : 0;
    return *size > 0 ? physical_look(physical, address, *size, false) : nullptr;
}

static const uint8_t *find_in(struct physical *physical, const uint8_t *list, size_t list_size,
                              bool wide, const char *signature, size_t *size)
{
    size_t step = wide ? 8 : 4;
    for (size_t at = ACPI_HEADER_SIZE; at + step <= list_size; at += step) {
        uint64_t address = 0;
        for (size_t i = step; i > 0; i--) {
            address = address << 8 | list[at + i - 1];
        }
        const uint8_t *table = tables_look(physical, address, size);
        if (table != nullptr && acpi_table_is(table, *size, signature)) {
            return table;
        }
    }
    return nullptr;
}

const uint8_t *tables_find(struct init *init, const char *signature, size_t *size)
{
    struct physical *physical = &init->platform.registers;
    if (init->boot->rsdp_physical == 0) {
        return nullptr;
    }
    const uint8_t *bytes =
        physical_look(physical, init->boot->rsdp_physical, ACPI_ROOT_SIZE, false);
    struct acpi_root root =
        bytes != nullptr ? acpi_root_read(bytes, ACPI_ROOT_SIZE) : (struct acpi_root){};
    size_t list_size = 0;
    const uint8_t *list = root.found ? tables_look(physical, root.address, &list_size) : nullptr;
    if (list == nullptr || !acpi_table_is(list, list_size, root.wide ? "XSDT" : "RSDT")) {
        return nullptr;
    }
    return find_in(physical, list, list_size, root.wide, signature, size);
}
