// SPDX-License-Identifier: MIT
#include "platform.h"

#include <kozo/rights.h>
#include <kozo/stubs.h>
#include <string.h>

#include "acpi.h"
#include "init.h"
#include "tables.h"

constexpr uint64_t DMA_MOST = 4 << 20; // bytes of all devices

void platform_take_back(struct init *init)
{
    struct platform *platform = &init->platform;
    physical_take_back(&platform->registers);
    for (size_t i = 0; i < platform->count; i++) {
        (void)kozo_cnode_revoke((struct kozo_slot){platform->dma[i].frame.handle});
    }
}

static struct kozo_message serve_configuration(struct kozo_caller *caller)
{
    struct init *init = caller->server;
    size_t size = 0;
    const uint8_t *table = tables_find(init, "MCFG", &size);
    struct acpi_configuration found = {};
    if (table != nullptr) {
        found = acpi_configuration_read(table, size);
    }
    physical_forget(&init->platform.registers);
    return found.found
               ? kozo_platform_configuration_answer(found.base, found.first_bus, found.last_bus)
               : kozo_answer(KOZO_BAD_STATE);
}

static struct kozo_message serve_command_line(struct kozo_caller *caller)
{
    const struct init *init = caller->server;
    const char *line = (const char *)init->boot->command_line;
    size_t length = strnlen(line, sizeof init->boot->command_line);
    bool is_cut = length + 1 >= sizeof init->boot->command_line;
    return kozo_platform_command_line_answer(is_cut, line, length);
}

static bool is_size(uint64_t size)
{
    return size >= KOZO_PAGE_SIZE && (size & (size - 1)) == 0;
}

static struct kozo_message serve_registers(struct kozo_caller *caller,
                                           const struct kozo_platform_registers_arguments *asked)
{
    struct init *init = caller->server;
    if (!is_size(asked->size) || asked->base % asked->size != 0) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    const struct physical_piece *piece =
        physical_reach(&init->platform.registers, asked->base, asked->size);
    if (piece == nullptr) {
        return kozo_answer(KOZO_NO_MEMORY);
    }
    uint64_t first = (asked->base - piece->base) / KOZO_PAGE_SIZE;
    return processes_pass(init, piece->slot, KOZO_RIGHT_READ | KOZO_RIGHT_WRITE,
                          first | asked->size / KOZO_PAGE_SIZE << 32);
}

static struct platform_dma *find_dma(struct platform *platform, uint64_t device)
{
    for (size_t i = 0; i < platform->count; i++) {
        if (platform->dma[i].device == device) {
            return &platform->dma[i];
        }
    }
    return nullptr;
}

static enum kozo_error make_dma(struct init *init, uint64_t device, uint64_t size)
{
    struct platform *platform = &init->platform;
    uint64_t used = 0;
    for (size_t i = 0; i < platform->count; i++) {
        used += platform->dma[i].size;
    }
    if (platform->count == PLATFORM_DEVICES || size > DMA_MOST - used) {
        return KOZO_NO_MEMORY;
    }
    unsigned order = kozo_order_of(size);
    struct kozo_taken taken = kozo_memory_take(&init->memory, order);
    if (taken.slot == 0) {
        return KOZO_NO_MEMORY;
    }
    uint64_t slot = init_slot(init);
    enum kozo_error error = kozo_untyped_retype((struct kozo_untyped){taken.slot}, KOZO_TYPE_FRAME,
                                                order, (struct kozo_slot){slot}, 1);
    if (error != KOZO_OK) {
        kozo_memory_give(&init->memory, taken.piece);
        return error;
    }
    platform->dma[platform->count++] =
        (struct platform_dma){.device = device, .frame = {slot}, .size = size};
    return KOZO_OK;
}

static struct kozo_message serve_dma(struct kozo_caller *caller,
                                     const struct kozo_platform_dma_arguments *asked)
{
    struct init *init = caller->server;
    struct platform *platform = &init->platform;
    if (!is_size(asked->size)) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    const struct platform_dma *dma = find_dma(platform, asked->device);
    if (dma == nullptr) {
        enum kozo_error error = make_dma(init, asked->device, asked->size);
        if (error != KOZO_OK) {
            return kozo_answer(error);
        }
        dma = find_dma(platform, asked->device);
    }
    return dma->size == asked->size
               ? processes_pass(init, dma->frame.handle,
                                KOZO_RIGHT_READ | KOZO_RIGHT_WRITE | KOZO_RIGHT_PHYS, 0)
               : kozo_answer(KOZO_BAD_STATE);
}

struct kozo_message platform_serve(struct kozo_caller *caller, const struct kozo_message *message)
{
    static const struct kozo_platform_handlers handlers = {
        .registers = serve_registers,
        .configuration = serve_configuration,
        .command_line = serve_command_line,
        .dma = serve_dma,
    };
    return kozo_platform_dispatch(&handlers, caller, message);
}
