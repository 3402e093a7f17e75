// SPDX-License-Identifier: MIT
#include "function.h"

#include <kozo/protocol.h>
#include <kozo/rights.h>
#include <kozo/start.h>

#include "interrupt.h"

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

volatile uint8_t *platform_see(struct platform *platform, uint64_t base, uint64_t size)
{
    struct kozo_frame frame = ask_registers(platform, base, size);
    if (frame.handle == 0) {
        return nullptr;
    }
    struct kozo_slot mapping = {platform->next_slot++};
    uint64_t address = platform->next_address;
    if (kozo_frame_map(frame, mapping, platform->space, address, 0, size,
                       KOZO_RIGHT_READ | KOZO_RIGHT_WRITE) != KOZO_OK) {
        return nullptr;
    }
    platform->next_address += size;
    return (volatile uint8_t *)address;
}

static uint64_t round_up(uint64_t size)
{
    return size < PAGE ? PAGE : size;
}

static void read_bars(const struct platform *platform, const struct function *function,
                      struct pci_bar bars[PCI_BARS])
{
    for (unsigned i = 0; i < PCI_BARS; i++) {
        bars[i] = pci_bar_probe(&platform->access, &function->pci, i);
        i += bars[i].is_wide;
    }
}

// Finds the BAR that the driver gets. The device decodes nothing yet, and what it says must fit
// together.
static enum kozo_error choose_bar(const struct platform *platform, struct function *function,
                                  const struct pci_bar bars[PCI_BARS], uint64_t asked)
{
    uint64_t sizes[PCI_BARS] = {};
    for (unsigned i = 0; i < PCI_BARS; i++) {
        sizes[i] = bars[i].is_ports ? 0 : bars[i].size;
    }
    struct virtio_layout *layout = &function->layout;
    if (asked != FUNCTION_VIRTIO) {
        function->bar = asked;
        return asked < PCI_BARS && sizes[asked] > 0 ? KOZO_OK : KOZO_BAD_ARGUMENT;
    }
    function->bar = FUNCTION_VIRTIO;
    if (!virtio_pci_find(&platform->access, &function->pci, sizes, layout) ||
        layout->notify.bar != layout->common.bar ||
        (layout->device.length != 0 && layout->device.bar != layout->common.bar)) {
        return KOZO_BAD_STATE;
    }
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
                                    const struct function_claim *claim)
{
    struct pci_bar bars[PCI_BARS] = {};
    read_bars(platform, function, bars);
    enum kozo_error error = choose_bar(platform, function, bars, claim->bar);
    if (error != KOZO_OK) {
        return error;
    }
    size_t bar = claim->bar == FUNCTION_VIRTIO ? function->layout.common.bar : claim->bar;
    function->registers = bars[bar];
    pci_command(&platform->access, &function->pci, PCI_COMMAND_MEMORY, 0);
    error = interrupt_make(platform, function, bars, bar);
    error = error == KOZO_OK ? make_shared(platform, function, claim->wanted) : error;
    if (error != KOZO_OK) {
        return error;
    }
    function->frame =
        ask_registers(platform, function->registers.address, round_up(function->registers.size));
    return function->frame.handle != 0 ? KOZO_OK : KOZO_NO_MEMORY;
}

enum kozo_error function_claim(struct platform *platform, struct function *function,
                               const struct function_claim *claim)
{
    if (function->claimed) {
        return KOZO_BAD_STATE;
    }
    bool made = function->frame.handle != 0;
    if (made && claim->bar != function->bar) {
        return KOZO_BAD_STATE;
    }
    if (made && claim->wanted > function->shared_size) {
        return KOZO_NO_MEMORY;
    }
    enum kozo_error error = made ? KOZO_OK : make_objects(platform, function, claim);
    if (error != KOZO_OK) {
        return error;
    }
    pci_command(&platform->access, &function->pci, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0);
    function->claimed = true;
    function->owner = claim->owner;
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
