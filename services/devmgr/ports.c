// SPDX-License-Identifier: MIT
#include "ports.h"

constexpr uint16_t ADDRESS = 0xcf8;
constexpr uint16_t DATA = 0xcfc;
constexpr uint32_t ENABLE = 1U << 31;
constexpr uint16_t SPACE = 256;

static bool choose(struct kozo_io_port ports, struct pci_address address, uint16_t offset)
{
    uint32_t chosen = ENABLE | (uint32_t)address.number << 8 | (offset & 0xfcU);
    return offset < SPACE && kozo_io_port_write(ports, ADDRESS, 4, chosen) == KOZO_OK;
}

static uint32_t read(void *context, struct pci_address address, uint16_t offset, uint8_t bytes)
{
    const struct kozo_io_port *ports = context;
    if (!choose(*ports, address, offset)) {
        return UINT32_MAX;
    }
    struct kozo_io_port_read_result result = kozo_io_port_read(*ports, DATA + (offset & 3U), bytes);
    return result.error == KOZO_OK ? (uint32_t)result.value : UINT32_MAX;
}

static void write(void *context, struct pci_address address, uint16_t offset, uint8_t bytes,
                  uint32_t value)
{
    const struct kozo_io_port *ports = context;
    if (choose(*ports, address, offset)) {
        (void)kozo_io_port_write(*ports, DATA + (offset & 3U), bytes, value);
    }
}

void ports_access(struct pci_access *access, struct kozo_io_port *ports)
{
    *access = (struct pci_access){.context = ports, .read = read, .write = write};
}
