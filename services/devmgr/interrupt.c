// SPDX-License-Identifier: MIT
// PCI Local Bus Specification 3.0, sections 6.8.1 (MSI) and 6.8.2 (MSI-X).
#include "interrupt.h"

constexpr uint16_t CONTROL = 2; // of either capability

constexpr uint16_t MSIX_TABLE = 4;
constexpr uint32_t MSIX_TABLE_BAR = 7;
constexpr uint16_t MSIX_ENABLE = 1 << 15;
constexpr uint16_t MSIX_ENTRIES = 0x7ff;
constexpr size_t MSIX_ENTRY = 16;

constexpr uint16_t MSI_ADDRESS = 4;
constexpr uint16_t MSI_DATA = 8; // behind a wide address four more
constexpr uint16_t MSI_ENABLE = 1 << 0;
constexpr uint16_t MSI_SEVERAL = 7 << 4;
constexpr uint16_t MSI_WIDE = 1 << 7;

constexpr uint64_t PAGE = KOZO_PAGE_SIZE;

struct message {
    enum kozo_error error;
    uint64_t address;
    uint32_t data;
};

static uint32_t get(const struct platform *platform, const struct function *function, uint16_t at,
                    uint8_t bytes)
{
    return platform->access.read(platform->access.context, function->pci.address, at, bytes);
}

static void set(const struct platform *platform, const struct function *function, uint16_t at,
                uint8_t bytes, uint32_t value)
{
    platform->access.write(platform->access.context, function->pci.address, at, bytes, value);
}

// Makes the IrqHandler, and learns what raises it. `reach` bounds the address that the device can
// write to. The slot is taken only when all went well.
static struct message make_handler(struct platform *platform, struct function *function,
                                   uint64_t reach)
{
    struct kozo_slot slot = {platform->next_slot};
    enum kozo_error error =
        kozo_untyped_retype(platform->memory, KOZO_TYPE_IRQ_HANDLER, 0, slot, 1);
    if (error != KOZO_OK) {
        return (struct message){.error = error};
    }
    struct kozo_irq_control_claim_message_result claimed = kozo_irq_control_claim_message(
        platform->interrupts, (struct kozo_irq_handler){slot.handle});
    error = claimed.error == KOZO_OK && claimed.address > reach ? KOZO_BAD_STATE : claimed.error;
    if (error != KOZO_OK) {
        (void)kozo_cnode_delete(slot);
        return (struct message){.error = error};
    }
    platform->next_slot++;
    function->holding.irq.handle = slot.handle;
    return (struct message){.address = claimed.address, .data = (uint32_t)claimed.data};
}

static void put(volatile uint8_t *entry, size_t at, uint32_t value)
{
    *(volatile uint32_t *)(entry + at) = value;
}

// All interrupts of the function are one: each entry of its table says the same.
static void fill_vectors(volatile uint8_t *table, size_t entries, const struct message *message)
{
    for (size_t i = 0; i < entries; i++) {
        volatile uint8_t *entry = table + MSIX_ENTRY * i;
        put(entry, 0, (uint32_t)message->address);
        put(entry, 4, (uint32_t)(message->address >> 32));
        put(entry, 8, message->data);
        put(entry, 12, i == 0 ? 0 : 1); // masked
    }
}

static enum kozo_error use_msix(struct platform *platform, struct function *function,
                                const struct pci_bar bars[PCI_BARS], size_t given, uint16_t msix)
{
    uint32_t control = get(platform, function, msix + CONTROL, 2);
    uint32_t table = get(platform, function, msix + MSIX_TABLE, 4);
    uint32_t bar = table & MSIX_TABLE_BAR;
    uint64_t offset = table & ~MSIX_TABLE_BAR;
    if (bar >= PCI_BARS || bar == given || bars[bar].is_ports ||
        offset + MSIX_ENTRY > bars[bar].size) {
        return KOZO_BAD_STATE;
    }
    uint64_t base = bars[bar].address + offset;
    uint64_t in_page = base % PAGE;
    if (function->vectors == nullptr) {
        function->vectors = platform_see(platform, base - in_page, PAGE);
    }
    if (function->vectors == nullptr) {
        return KOZO_NO_MEMORY;
    }
    struct message message = make_handler(platform, function, UINT64_MAX);
    if (message.error != KOZO_OK) {
        return message.error;
    }
    size_t entries = (control & MSIX_ENTRIES) + 1;
    size_t seen = (PAGE - in_page) / MSIX_ENTRY;
    fill_vectors(function->vectors + in_page, entries < seen ? entries : seen, &message);
    set(platform, function, msix + CONTROL, 2, control | MSIX_ENABLE);
    return KOZO_OK;
}

static enum kozo_error use_msi(struct platform *platform, struct function *function, uint16_t msi)
{
    uint32_t control = get(platform, function, msi + CONTROL, 2);
    bool wide = (control & MSI_WIDE) != 0;
    struct message message = make_handler(platform, function, wide ? UINT64_MAX : UINT32_MAX);
    if (message.error != KOZO_OK) {
        return message.error;
    }
    set(platform, function, msi + MSI_ADDRESS, 4, (uint32_t)message.address);
    if (wide) {
        set(platform, function, msi + MSI_ADDRESS + 4, 4, (uint32_t)(message.address >> 32));
    }
    set(platform, function, (uint16_t)(msi + MSI_DATA + (wide ? 4 : 0)), 2, message.data);
    set(platform, function, msi + CONTROL, 2, (control & ~(uint32_t)MSI_SEVERAL) | MSI_ENABLE);
    return KOZO_OK;
}

enum kozo_error interrupt_make(struct platform *platform, struct function *function,
                               const struct pci_bar bars[PCI_BARS], size_t given)
{
    uint16_t msix = pci_capability(&platform->access, &function->pci, PCI_CAPABILITY_MSIX, 0);
    uint16_t msi = pci_capability(&platform->access, &function->pci, PCI_CAPABILITY_MSI, 0);
    if (msix != 0) {
        return use_msix(platform, function, bars, given, msix);
    }
    return msi != 0 ? use_msi(platform, function, msi) : KOZO_BAD_STATE;
}
