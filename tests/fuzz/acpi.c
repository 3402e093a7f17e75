// SPDX-License-Identifier: MIT
// ACPI tables as the kernel reads them, inside memory that ends where the input does. Sums are put
// right first, since a parser that stops at each of them would hide what comes after.
#include "acpi.h"

#include <stdlib.h>

#include "input.h"

constexpr uint64_t BASE = 0xe0000;
constexpr size_t MOST = 2048;
constexpr size_t RSDP_SIZE = 20;
constexpr size_t RSDP_SUM = 8;
constexpr size_t TABLE_SUM = 9;
constexpr size_t HEADER = 36;

static uint8_t memory[MOST];

static void mend_sum(uint8_t *table, size_t size, size_t at)
{
    uint8_t sum = 0;

    table[at] = 0;
    for (size_t i = 0; i < size; i++) {
        sum = (uint8_t)(sum + table[i]);
    }
    table[at] = (uint8_t)-sum;
}

static void mend_sums(size_t size)
{
    static const char names[][5] = {"RSDT", "XSDT", "APIC", "FACP"};

    for (size_t at = 0; at + HEADER <= size; at += 4) {
        uint32_t length;
        memcpy(&length, memory + at + 4, sizeof(length));
        for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            if (memcmp(memory + at, names[i], 4) == 0 && length >= HEADER && length <= size - at) {
                mend_sum(memory + at, length, TABLE_SUM);
            }
        }
        if (memcmp(memory + at, "RSD PTR ", 8) == 0) {
            mend_sum(memory + at, RSDP_SIZE, RSDP_SUM);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *byte, size_t size)
{
    struct acpi_info info = {};
    struct input input = {byte, size};

    size = input_take(&input, memory, sizeof(memory));
    mend_sums(size);
    // Of exactly this size, so that a read past the end is seen.
    uint8_t *bytes = malloc(size + 1);
    memcpy(bytes, memory, size);
    struct memory_view view = {.bytes = bytes, .base = BASE, .size = size};
    uint64_t rsdp = acpi_find_rsdp(&view);
    (void)acpi_read(&view, rsdp == 0 ? BASE : rsdp, &info);
    free(bytes);
    if (info.io_apics > ACPI_IO_APICS) {
        abort();
    }
    return 0;
}
