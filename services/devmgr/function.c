// SPDX-License-Identifier: MIT
#include "function.h"

#include <kozo/protocol.h>
#include <kozo/rights.h>
#include <kozo/start.h>

// The MSI-X capability and its table (PCI Local Bus Specification 3.0, section 6.8.2).
constexpr uint16_t MSIX_CONTROL = 2;
constexpr uint16_t MSIX_TABLE = 4;
constexpr uint32_t MSIX_TABLE_BAR = 7;
constexpr uint16_t MSIX_ENABLE = 1 << 15;
constexpr uint16_t MSIX_ENTRIES = 0x7ff;
constexpr size_t MSIX_ENTRY = 16;
constexpr uint64_t PAGE = KOZO_PAGE_SIZE;

static struct kozo_endpoint parent(void)
{
    return (struct kozo_endpoint){KOZO_PROCESS_PARENT};
}

void function_silence(const struct platform *platform, const struct function *function)
{
    pci_command(&platform->access, &function->pci, PCI_COMMAND_NO_LINE, PCI_COMMAND_MASTER);
}

// Asks init for the Frame of a range of registers. Handle 0: there is none.
static struct kozo_frame ask_registers(struct platform *platform, uint64_t base, uint64_t size)
{
    struct kozo_ipc_buffer *buffer = kozo_ipc_buffer();
    uint64_t arrival = buffer->receive_slot;
    buffer->receive_slot = platform->next_slot;
    buffer->receive_count = 1;
    enum kozo_error error = kozo_platform_registers(parent(), base, size);
    buffer->receive_slot = arrival;
    return (struct kozo_frame){error == KOZO_OK ? platform->next_slot++ : 0};
}

// Maps part of a device's registers into this process. Null: it can't be.
static volatile uint8_t *look(struct platform *platform, uint64_t base, uint64_t size)
{
    uint64_t first = base & ~(PAGE - 1);
    struct kozo_frame frame = ask_registers(platform, first, PAGE);
    if (frame.handle == 0 || base - first + size > PAGE) {
        return nullptr;
    }
    struct kozo_slot mapping = {platform->next_slot++};
    uint64_t address = platform->next_address;
    if (kozo_frame_map(frame, mapping, platform->space, address, 0, PAGE,
                       KOZO_RIGHT_READ | KOZO_RIGHT_WRITE) != KOZO_OK) {
        return nullptr;
    }
    platform->next_address += PAGE;
    return (volatile uint8_t *)(address + (base - first));
}

static uint64_t round_up(uint64_t size)
{
    return size < PAGE ? PAGE : size;
}

// Reads where everything is. The device decodes nothing yet, and what it says must fit together.
static enum kozo_error read_layout(const struct platform *platform, struct function *function,
                                   struct pci_bar bars[PCI_BARS])
{
    uint64_t sizes[PCI_BARS] = {};
    for (unsigned i = 0; i < PCI_BARS; i++) {
        bars[i] = pci_bar_probe(&platform->access, &function->pci, i);
        sizes[i] = bars[i].is_ports ? 0 : bars[i].size;
        i += bars[i].is_wide;
    }
    struct virtio_layout *layout = &function->layout;
    if (!virtio_pci_find(&platform->access, &function->pci, sizes, layout) ||
        layout->notify.bar != layout->common.bar ||
        (layout->device.length != 0 && layout->device.bar != layout->common.bar)) {
        return KOZO_BAD_STATE;
    }
    function->registers = bars[layout->common.bar];
    return KOZO_OK;
}

static void put(volatile uint8_t *entry, size_t at, uint32_t value)
{
    *(volatile uint32_t *)(entry + at) = value;
}

// All of the device's interrupts are one: each entry of its table says the same.
static void fill_vectors(const struct function *function, uint16_t entries, uint64_t address,
                         uint32_t data)
{
    for (uint16_t i = 0; i < entries && i < PAGE / MSIX_ENTRY; i++) {
        volatile uint8_t *entry = function->vectors + MSIX_ENTRY * i;
        put(entry, 0, (uint32_t)address);
        put(entry, 4, (uint32_t)(address >> 32));
        put(entry, 8, data);
        put(entry, 12, i == 0 ? 0 : 1); // masked
    }
}

static enum kozo_error make_interrupt(struct platform *platform, struct function *function,
                                      const struct pci_bar bars[PCI_BARS])
{
    const struct pci_access *access = &platform->access;
    struct pci_address at = function->pci.address;
    uint16_t msix = pci_capability(access, &function->pci, PCI_CAPABILITY_MSIX, 0);
    if (msix == 0) {
        return KOZO_BAD_STATE;
    }
    uint16_t control = (uint16_t)access->read(access->context, at, msix + MSIX_CONTROL, 2);
    uint32_t table = access->read(access->context, at, msix + MSIX_TABLE, 4);
    uint32_t bar = table & MSIX_TABLE_BAR;
    uint32_t offset = table & ~MSIX_TABLE_BAR;
    // A driver that could reach the table could make the device write anywhere.
    if (bar >= PCI_BARS || bar == function->layout.common.bar ||
        offset + MSIX_ENTRY > bars[bar].size) {
        return KOZO_BAD_STATE;
    }
    function->vectors = look(platform, bars[bar].address + offset, MSIX_ENTRY);
    struct kozo_slot irq = {platform->next_slot++};
    if (function->vectors == nullptr ||
        kozo_untyped_retype(platform->memory, KOZO_TYPE_IRQ_HANDLER, 0, irq, 1) != KOZO_OK) {
        return KOZO_NO_MEMORY;
    }
    struct kozo_irq_control_claim_message_result message =
        kozo_irq_control_claim_message(platform->interrupts, (struct kozo_irq_handler){irq.handle});
    if (message.error != KOZO_OK) {
        return message.error;
    }
    function->irq.handle = irq.handle;
    fill_vectors(function, (control & MSIX_ENTRIES) + 1, message.address, (uint32_t)message.data);
    access->write(access->context, at, msix + MSIX_CONTROL, 2, control | MSIX_ENABLE);
    return KOZO_OK;
}

static enum kozo_error make_shared(struct platform *platform, struct function *function,
                                   uint64_t wanted)
{
    constexpr uint64_t piece = FUNCTION_SHARED / PAGE;
    uint64_t left = (FUNCTION_SHARES - platform->shares) * FUNCTION_SHARED;
    if (left == 0 || wanted > left) {
        return KOZO_NO_MEMORY;
    }
    uint64_t count = wanted == 0 ? 1 : (wanted + FUNCTION_SHARED - 1) / FUNCTION_SHARED;
    struct kozo_slot slot = {platform->next_slot++};
    enum kozo_error error =
        kozo_cnode_mint((struct kozo_slot){platform->dma.handle}, slot, KOZO_ALL_RIGHTS,
                        platform->shares * piece | count * piece << 32);
    if (error == KOZO_OK) {
        function->shared.handle = slot.handle;
        function->shared_size = count * FUNCTION_SHARED;
        platform->shares += count;
    }
    return error;
}

static enum kozo_error make_objects(struct platform *platform, struct function *function,
                                    uint64_t wanted)
{
    struct pci_bar bars[PCI_BARS] = {};
    enum kozo_error error = read_layout(platform, function, bars);
    if (error != KOZO_OK) {
        return error;
    }
    pci_command(&platform->access, &function->pci, PCI_COMMAND_MEMORY, 0);
    error = make_interrupt(platform, function, bars);
    error = error == KOZO_OK ? make_shared(platform, function, wanted) : error;
    if (error != KOZO_OK) {
        return error;
    }
    function->frame =
        ask_registers(platform, function->registers.address, round_up(function->registers.size));
    return function->frame.handle != 0 ? KOZO_OK : KOZO_NO_MEMORY;
}

enum kozo_error function_claim(struct platform *platform, struct function *function, size_t owner,
                               uint64_t wanted)
{
    if (function->claimed) {
        return KOZO_BAD_STATE;
    }
    if (function->frame.handle != 0 && wanted > function->shared_size) {
        return KOZO_NO_MEMORY;
    }
    enum kozo_error error =
        function->frame.handle != 0 ? KOZO_OK : make_objects(platform, function, wanted);
    if (error != KOZO_OK) {
        return error;
    }
    pci_command(&platform->access, &function->pci, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0);
    function->claimed = true;
    function->owner = owner;
    return KOZO_OK;
}

void function_release(struct platform *platform, struct function *function)
{
    // Bus mastering goes first: from then on no memory that the driver named is written.
    function_silence(platform, function);
    (void)kozo_cnode_revoke((struct kozo_slot){function->frame.handle});
    (void)kozo_cnode_revoke((struct kozo_slot){function->irq.handle});
    (void)kozo_cnode_revoke((struct kozo_slot){function->shared.handle});
    (void)kozo_irq_handler_bind(function->irq, (struct kozo_notification){});
    function->claimed = false;
}
