// SPDX-License-Identifier: MIT
#include "ecam.h"

#include <kozo/protocol.h>
#include <kozo/start.h>

constexpr uint64_t BUS_SIZE = 1 << 20;
constexpr uint16_t SPACE = 4096;
constexpr uint16_t BUS_FUNCTIONS = 256;

bool ecam_start(struct ecam *ecam, struct platform *platform)
{
    constexpr struct kozo_endpoint parent = {KOZO_PROCESS_PARENT};
    struct kozo_platform_configuration_result found = kozo_platform_configuration(parent);
    *ecam = (struct ecam){
        .platform = platform,
        .base = found.base,
        .first_bus = found.first,
        .last_bus = found.last,
    };
    return found.error == KOZO_OK && found.last < BUS_FUNCTIONS;
}

// Where a register is; null when there is nothing.
static volatile uint8_t *place_of(struct ecam *ecam, struct pci_address address, uint16_t offset)
{
    size_t bus = address.number / BUS_FUNCTIONS;
    if (bus < ecam->first_bus || bus > ecam->last_bus || offset >= SPACE) {
        return nullptr;
    }
    if (!ecam->tried[bus]) {
        ecam->tried[bus] = true;
        ecam->bus[bus] = platform_see(ecam->platform, ecam->base + bus * BUS_SIZE, BUS_SIZE);
    }
    return ecam->bus[bus] == nullptr
               ? nullptr
               : ecam->bus[bus] + (size_t)(address.number % BUS_FUNCTIONS) * SPACE + offset;
}

static uint32_t read(void *context, struct pci_address address, uint16_t offset, uint8_t bytes)
{
    const volatile uint8_t *place = place_of(context, address, offset);
    if (place == nullptr) {
        return UINT32_MAX;
    }
    return bytes == 1   ? *place
           : bytes == 2 ? *(const volatile uint16_t *)place
                        : *(const volatile uint32_t *)place;
}

static void write(void *context, struct pci_address address, uint16_t offset, uint8_t bytes,
                  uint32_t value)
{
    volatile uint8_t *place = place_of(context, address, offset);
    if (place == nullptr) {
        return;
    }
    if (bytes == 1) {
        *place = (uint8_t)value;
    } else if (bytes == 2) {
        *(volatile uint16_t *)place = (uint16_t)value;
    } else {
        *(volatile uint32_t *)place = value;
    }
}

void ecam_access(struct pci_access *access, struct ecam *ecam)
{
    *access = (struct pci_access){.context = ecam, .read = read, .write = write};
}
