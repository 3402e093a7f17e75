// SPDX-License-Identifier: MIT
#include "pci.h"

// Offsets in configuration space.
constexpr uint16_t VENDOR = 0x00;
constexpr uint16_t DEVICE = 0x02;
constexpr uint16_t STATUS = 0x06;
constexpr uint16_t REVISION = 0x08; // and the class above it
constexpr uint16_t HEADER = 0x0e;
constexpr uint16_t BAR = 0x10;
constexpr uint16_t SECONDARY = 0x19;
constexpr uint16_t CAPABILITIES = 0x34;

constexpr uint16_t NOBODY = 0xffff;
constexpr uint8_t HEADER_SEVERAL = 1 << 7;
constexpr uint16_t STATUS_CAPABILITIES = 1 << 4;
constexpr uint32_t FUNCTIONS = 1 << 16; // of all buses
constexpr uint32_t BUS_FUNCTIONS = 256;
constexpr uint32_t FUNCTIONS_MASK = 7; // of one device

static uint32_t get(const struct pci_access *access, const struct pci_function *function,
                    uint16_t offset, uint8_t bytes)
{
    return access->read(access->context, function->address, offset, bytes);
}

static void put(const struct pci_access *access, const struct pci_function *function,
                uint16_t offset, uint8_t bytes, uint32_t value)
{
    access->write(access->context, function->address, offset, bytes, value);
}

// False: there is nothing.
static bool look(const struct pci_access *access, uint32_t number, struct pci_function *function)
{
    *function = (struct pci_function){.address.number = (uint16_t)number};
    function->vendor = (uint16_t)get(access, function, VENDOR, 2);
    if (function->vendor == NOBODY) {
        return false;
    }
    function->device = (uint16_t)get(access, function, DEVICE, 2);
    function->class = get(access, function, REVISION, 4) >> 8;
    function->header = (uint8_t)get(access, function, HEADER, 1);
    bool is_bridge = (function->header & ~HEADER_SEVERAL) == 1;
    function->secondary = is_bridge ? (uint8_t)get(access, function, SECONDARY, 1) : 0;
    return true;
}

static bool is_bus(const struct pci_walk *walk, uint32_t bus)
{
    return bus == 0 || (walk->behind[bus / 64] >> bus % 64 & 1) != 0;
}

bool pci_walk_next(struct pci_walk *walk, struct pci_function *function)
{
    while (walk->next < FUNCTIONS) {
        uint32_t number = walk->next;
        if (!is_bus(walk, number / BUS_FUNCTIONS)) {
            walk->next += BUS_FUNCTIONS;
            continue;
        }
        bool found = look(walk->access, number, function);
        bool is_first = (number & FUNCTIONS_MASK) == 0;
        bool has_more = found && (function->header & HEADER_SEVERAL) != 0;
        // A device without a function 0 has none, and most have no other (section 6.1).
        walk->next = is_first && !has_more ? number + FUNCTIONS_MASK + 1 : number + 1;
        if (found) {
            function->header &= (uint8_t)~HEADER_SEVERAL;
            walk->behind[function->secondary / 64] |= 1ULL << function->secondary % 64;
            return true;
        }
    }
    return false;
}

void pci_command(const struct pci_access *access, const struct pci_function *function, uint16_t set,
                 uint16_t clear)
{
    uint32_t command = get(access, function, PCI_COMMAND, 2);
    put(access, function, PCI_COMMAND, 2, (command & ~(uint32_t)clear) | set);
}

static void set_under_way(struct pci_probe *probe, bool under_way)
{
    __atomic_store_n(&probe->under_way, under_way, __ATOMIC_SEQ_CST);
}

void pci_bar_restore(const struct pci_access *access, struct pci_probe *probe)
{
    const struct pci_function function = {.address.number = probe->function};
    if (!__atomic_load_n(&probe->under_way, __ATOMIC_SEQ_CST)) {
        return;
    }
    pci_command(access, &function, 0, PCI_COMMAND_PORTS | PCI_COMMAND_MEMORY);
    put(access, &function, probe->offset, 4, probe->low);
    if (probe->is_wide) {
        put(access, &function, probe->offset + 4, 4, probe->high);
    }
    put(access, &function, PCI_COMMAND, 2, probe->command);
    set_under_way(probe, false);
}

// What reads back after writing ones: zeros below the size (section 6.2.5.1).
static uint32_t size_mask(const struct pci_access *access, const struct pci_function *function,
                          uint16_t offset)
{
    put(access, function, offset, 4, UINT32_MAX);
    return get(access, function, offset, 4);
}

struct pci_bar pci_bar_probe(const struct pci_access *access, const struct pci_function *function,
                             unsigned index, struct pci_probe *probe)
{
    constexpr uint32_t PORTS = 1 << 0;
    constexpr uint32_t KIND = 3 << 1;
    constexpr uint32_t WIDE = 2 << 1;
    if (function->header != 0 || index >= PCI_BARS) {
        return (struct pci_bar){};
    }
    uint16_t offset = (uint16_t)(BAR + 4 * index);
    uint32_t low = get(access, function, offset, 4);
    struct pci_bar bar = {
        .is_ports = (low & PORTS) != 0,
        .is_wide = (low & PORTS) == 0 && (low & KIND) == WIDE && index + 1 < PCI_BARS,
    };
    uint32_t flags = bar.is_ports ? 3 : 15;
    *probe = (struct pci_probe){
        .is_wide = bar.is_wide,
        .function = function->address.number,
        .offset = offset,
        .command = (uint16_t)get(access, function, PCI_COMMAND, 2),
        .low = low,
        .high = bar.is_wide ? get(access, function, offset + 4, 4) : 0,
    };
    set_under_way(probe, true);

    pci_command(access, function, 0, PCI_COMMAND_PORTS | PCI_COMMAND_MEMORY);
    uint64_t mask = size_mask(access, function, offset) & ~flags;
    bar.address = (uint64_t)probe->high << 32 | (low & ~flags);
    if (bar.is_wide) {
        mask |= (uint64_t)size_mask(access, function, offset + 4) << 32;
    } else if (mask != 0) {
        mask |= (uint64_t)UINT32_MAX << 32;
        // A device may leave the upper half of a port range out.
        mask |= bar.is_ports ? 0xffff0000 : 0;
    }
    pci_bar_restore(access, probe);

    bar.size = mask & -mask;
    return bar;
}

uint16_t pci_capability(const struct pci_access *access, const struct pci_function *function,
                        uint8_t kind, uint16_t after)
{
    // Capabilities are four bytes at least and lie between the header and 256: no sound list is
    // longer.
    constexpr unsigned MOST = (256 - 64) / 4;
    constexpr uint16_t ALIGNED = 0xfc;
    constexpr uint16_t FIRST = 64;
    if (after == 0 && (get(access, function, STATUS, 2) & STATUS_CAPABILITIES) == 0) {
        return 0;
    }
    uint16_t from = after == 0 ? CAPABILITIES : (uint16_t)(after + 1);
    uint16_t at = (uint16_t)(get(access, function, from, 1) & ALIGNED);
    for (unsigned i = 0; i < MOST && at >= FIRST; i++) {
        if (get(access, function, at, 1) == kind) {
            return at;
        }
        at = (uint16_t)(get(access, function, at + 1, 1) & ALIGNED);
    }
    return 0;
}
