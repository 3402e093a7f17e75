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

// Says where the capability of the next answer goes. Gives where it went before.
static uint64_t expect(uint64_t slot)
{
    struct kozo_ipc_buffer *buffer = kozo_ipc_buffer();
    uint64_t before = buffer->receive_slot;
    buffer->receive_slot = slot;
    buffer->receive_count = 1;
    return before;
}

// Asks init for the Frame of a range of registers. Handle 0: there is none.
static struct kozo_frame ask_registers(struct platform *platform, uint64_t base, uint64_t size)
{
    uint64_t before = expect(platform->next_slot);
    enum kozo_error error = kozo_platform_registers(parent(), base, size);
    (void)expect(before);
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
        bars[i] = pci_bar_probe(&platform->access, &function->pci, i, platform->probe);
        i += bars[i].is_wide;
    }
}

// Finds the BAR that the driver gets. What the device says must fit together.
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

// Memory that init keeps for this device; it may be there from an earlier claim.
static enum kozo_error make_shared(struct platform *platform, struct function *function,
                                   uint64_t wanted)
{
    uint64_t size = wanted > 0 ? PAGE : FUNCTION_SHARED;
    if (function->shared.handle != 0) {
        return wanted <= function->shared_size ? KOZO_OK : KOZO_NO_MEMORY;
    }
    while (size < wanted && size <= UINT64_MAX / 4) {
        size *= 2;
    }
    uint64_t before = expect(platform->next_slot);
    enum kozo_error error = kozo_platform_dma(parent(), function->pci.address.number, size);
    (void)expect(before);
    if (error == KOZO_OK) {
        function->shared.handle = platform->next_slot++;
        function->shared_size = size;
    }
    return error;
}

// What an earlier claim made before it failed is there already.
static enum kozo_error make_objects(struct platform *platform, struct function *function,
                                    const struct function_claim *claim)
{
    struct pci_bar bars[PCI_BARS] = {};
    read_bars(platform, function, bars);
    enum kozo_error error = choose_bar(platform, function, bars, claim->bar);
    if (error != KOZO_OK) {
        return error;
    }
    error = make_shared(platform, function, claim->wanted);
    if (error != KOZO_OK) {
        return error;
    }
    size_t bar = claim->bar == FUNCTION_VIRTIO ? function->layout.common.bar : claim->bar;
    function->registers = bars[bar];
    pci_command(&platform->access, &function->pci, PCI_COMMAND_MEMORY, 0);
    if (function->irq.handle == 0) {
        error = interrupt_make(platform, function, bars, bar);
    }
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
