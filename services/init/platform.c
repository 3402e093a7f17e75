// SPDX-License-Identifier: MIT
#include "platform.h"

#include <kozo/rights.h>
#include <kozo/stubs.h>

#include "acpi.h"
#include "init.h"
#include "tables.h"

constexpr unsigned DMA_MOST = 24; // log2 of the bytes

void platform_take_back(struct init *init)
{
    struct platform *platform = &init->platform;
    physical_take_back(&platform->registers);
    if (platform->dma.handle != 0) {
        (void)kozo_cnode_revoke((struct kozo_slot){platform->dma.handle});
    }
}

// An answer that carries a copy of a capability, made with these rights and range.
static struct kozo_message give(struct init *init, uint64_t handle, uint64_t rights, uint64_t range)
{
    struct platform *platform = &init->platform;
    if (platform->given == 0) {
        platform->given = init_slot(init);
    }
    // What the answer before carried has long arrived; its copy goes to the parent.
    struct kozo_slot given = {platform->given};
    enum kozo_error error = kozo_cnode_delete(given);
    if (error == KOZO_OK) {
        error = kozo_cnode_mint((struct kozo_slot){handle}, given, kozo_rights(rights), range);
    }
    struct kozo_message answer = kozo_answer(error);
    if (error == KOZO_OK) {
        answer.info.caps = 1;
        kozo_ipc_buffer()->caps[0] = given.handle;
    }
    return answer;
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
    return give(init, piece->slot, KOZO_RIGHT_READ | KOZO_RIGHT_WRITE,
                first | asked->size / KOZO_PAGE_SIZE << 32);
}

static enum kozo_error make_dma(struct init *init, uint64_t size)
{
    struct platform *platform = &init->platform;
    if (size >> DMA_MOST > 1) {
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
    platform->dma.handle = slot;
    platform->dma_size = size;
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
    if (platform->dma.handle == 0) {
        enum kozo_error error = make_dma(init, asked->size);
        if (error != KOZO_OK) {
            return kozo_answer(error);
        }
    }
    if (platform->dma_size != asked->size) {
        return kozo_answer(KOZO_BAD_STATE);
    }
    return give(init, platform->dma.handle, KOZO_RIGHT_READ | KOZO_RIGHT_WRITE | KOZO_RIGHT_PHYS,
                0);
}

struct kozo_message platform_serve(struct kozo_caller *caller, const struct kozo_message *message)
{
    static const struct kozo_platform_handlers handlers = {
        .registers = serve_registers,
        .configuration = serve_configuration,
        .dma = serve_dma,
    };
    return kozo_platform_dispatch(&handlers, caller, message);
}
