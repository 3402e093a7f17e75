// SPDX-License-Identifier: MIT
#include "function.h"

#include "interrupt.h"

constexpr uint64_t PAGE = KOZO_PAGE_SIZE;

void function_silence(const struct platform *platform, const struct function *function)
{
    pci_command(&platform->access, &function->pci, PCI_COMMAND_NO_LINE, PCI_COMMAND_MASTER);
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
    error =
        holding_share(&function->holding, platform, function->pci.address.number, claim->wanted);
    if (error != KOZO_OK) {
        return error;
    }
    size_t bar = claim->bar == FUNCTION_VIRTIO ? function->layout.common.bar : claim->bar;
    function->registers = bars[bar];
    pci_command(&platform->access, &function->pci, PCI_COMMAND_MEMORY, 0);
    if (function->holding.irq.handle == 0) {
        error = interrupt_make(platform, function, bars, bar);
    }
    if (error != KOZO_OK) {
        return error;
    }
    function->holding.frame = platform_registers(platform, function->registers.address,
                                                 round_up(function->registers.size));
    return function->holding.frame.handle != 0 ? KOZO_OK : KOZO_NO_MEMORY;
}

enum kozo_error function_claim(struct platform *platform, struct function *function,
                               const struct function_claim *claim)
{
    struct holding *holding = &function->holding;
    if (holding->claimed) {
        return KOZO_BAD_STATE;
    }
    bool made = holding->frame.handle != 0;
    if (made && claim->bar != function->bar) {
        return KOZO_BAD_STATE;
    }
    if (made && claim->wanted > holding->shared_size) {
        return KOZO_NO_MEMORY;
    }
    enum kozo_error error = made ? KOZO_OK : make_objects(platform, function, claim);
    if (error != KOZO_OK) {
        return error;
    }
    pci_command(&platform->access, &function->pci, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0);
    holding->claimed = true;
    holding->owner = claim->owner;
    return KOZO_OK;
}

void function_release(struct platform *platform, struct function *function)
{
    // Bus mastering goes first: from then on no memory that the driver named is written.
    function_silence(platform, function);
    holding_take_back(&function->holding);
}
