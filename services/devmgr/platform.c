// SPDX-License-Identifier: MIT
#include "platform.h"

#include <kozo/protocol.h>
#include <kozo/rights.h>
#include <kozo/start.h>

static struct kozo_endpoint parent(void)
{
    return (struct kozo_endpoint){KOZO_PROCESS_PARENT};
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

struct kozo_frame platform_registers(struct platform *platform, uint64_t base, uint64_t size)
{
    uint64_t before = expect(platform->next_slot);
    enum kozo_error error = kozo_platform_registers(parent(), base, size);
    (void)expect(before);
    return (struct kozo_frame){error == KOZO_OK ? platform->next_slot++ : 0};
}

volatile uint8_t *platform_see(struct platform *platform, uint64_t base, uint64_t size)
{
    struct kozo_frame frame = platform_registers(platform, base, size);
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

enum kozo_error platform_dma(struct platform *platform, uint64_t device, uint64_t size,
                             struct kozo_frame *frame)
{
    uint64_t before = expect(platform->next_slot);
    enum kozo_error error = kozo_platform_dma(parent(), device, size);
    (void)expect(before);
    if (error == KOZO_OK) {
        frame->handle = platform->next_slot++;
    }
    return error;
}
