// SPDX-License-Identifier: MIT
#include "holding.h"

constexpr uint64_t USUAL = 0x40000; // bytes shared with a driver that does not say how many

enum kozo_error holding_share(struct holding *holding, struct platform *platform, uint64_t device,
                              uint64_t wanted)
{
    uint64_t size = wanted > 0 ? KOZO_PAGE_SIZE : USUAL;
    if (holding->shared.handle != 0) {
        return wanted <= holding->shared_size ? KOZO_OK : KOZO_NO_MEMORY;
    }
    while (size < wanted && size <= UINT64_MAX / 4) {
        size *= 2;
    }
    enum kozo_error error = platform_dma(platform, device, size, &holding->shared);
    if (error == KOZO_OK) {
        holding->shared_size = size;
    }
    return error;
}

void holding_take_back(struct holding *holding)
{
    (void)kozo_cnode_revoke((struct kozo_slot){holding->frame.handle});
    (void)kozo_cnode_revoke((struct kozo_slot){holding->irq.handle});
    (void)kozo_cnode_revoke((struct kozo_slot){holding->shared.handle});
    (void)kozo_irq_handler_bind(holding->irq, (struct kozo_notification){});
    holding->claimed = false;
}
