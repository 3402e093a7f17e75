// SPDX-License-Identifier: MIT
// ACPI tables as init reads them to turn the machine off and for the device manager: each reader over the same bytes.
#include "acpi.h"

#include <stdlib.h>

#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *byte, size_t size)
{
    (void)acpi_root_read(byte, size);
    if (size >= ACPI_HEADER_SIZE) {
        (void)acpi_table_size(byte);
    }
    (void)acpi_table_is(byte, size, "FACP");
    (void)acpi_power_read(byte, size);
    (void)acpi_off_read(byte, size);
    struct acpi_configuration found = acpi_configuration_read(byte, size);
    if (found.found && (found.first_bus > found.last_bus || found.base % (1 << 20) != 0)) {
        abort();
    }
    return 0;
}
