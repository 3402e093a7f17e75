// SPDX-License-Identifier: MIT
#include "mmio.h"

uint64_t mmio_offset(const struct mmio *mmio)
{
    return mmio->word.base % KOZO_PAGE_SIZE;
}

static uint64_t page_of(const struct virtio_word *word)
{
    return word->base - word->base % KOZO_PAGE_SIZE;
}

static const char *fault_of(enum virtio_mmio_found found)
{
    static const char *const faults[] = {
        [VIRTIO_MMIO_NOTHING] = "there is no virtio device",
        [VIRTIO_MMIO_LEGACY] = "the device is of the legacy form (version 1)",
        [VIRTIO_MMIO_UNKNOWN] = "the device is of an unknown version",
        [VIRTIO_MMIO_GOOD] = nullptr,
    };
    return faults[found];
}

const char *mmio_find(struct mmio *mmio, struct platform *platform, const struct virtio_word *word)
{
    volatile uint8_t *page = platform_see(platform, page_of(word), KOZO_PAGE_SIZE);
    if (page == nullptr) {
        return "its address is not that of a device";
    }
    *mmio = (struct mmio){.word = *word};
    struct virtio_mmio_look look = virtio_mmio_look(page + mmio_offset(mmio));
    if (look.found != VIRTIO_MMIO_GOOD) {
        return fault_of(look.found);
    }
    mmio->kind = look.kind;
    mmio->device = virtio_mmio_device(page + mmio_offset(mmio));
    return virtio_stop(&mmio->device) ? nullptr : "the device can't be reset";
}

// The slot is taken only when all went well.
static enum kozo_error make_handler(struct mmio *mmio, struct platform *platform)
{
    struct kozo_slot slot = {platform->next_slot};
    enum kozo_error error =
        kozo_untyped_retype(platform->memory, KOZO_TYPE_IRQ_HANDLER, 0, slot, 1);
    if (error != KOZO_OK) {
        return error;
    }
    struct kozo_irq_handler handler = {slot.handle};
    error = kozo_irq_control_claim(platform->interrupts, handler, mmio->word.line);
    if (error != KOZO_OK) {
        (void)kozo_cnode_delete(slot);
        return KOZO_BAD_STATE;
    }
    platform->next_slot++;
    mmio->holding.irq = handler;
    return KOZO_OK;
}

// What an earlier claim made is there already.
static enum kozo_error make_objects(struct mmio *mmio, struct platform *platform, uint64_t wanted)
{
    struct holding *holding = &mmio->holding;
    enum kozo_error error = holding_share(holding, platform, mmio->word.base, wanted);
    if (error == KOZO_OK && holding->irq.handle == 0) {
        error = make_handler(mmio, platform);
    }
    if (error == KOZO_OK && holding->frame.handle == 0) {
        holding->frame = platform_registers(platform, page_of(&mmio->word), KOZO_PAGE_SIZE);
        error = holding->frame.handle != 0 ? KOZO_OK : KOZO_NO_MEMORY;
    }
    return error;
}

enum kozo_error mmio_claim(struct mmio *mmio, struct platform *platform, size_t owner,
                           uint64_t wanted)
{
    if (mmio->holding.claimed) {
        return KOZO_BAD_STATE;
    }
    enum kozo_error error = make_objects(mmio, platform, wanted);
    if (error == KOZO_OK) {
        mmio->holding.claimed = true;
        mmio->holding.owner = owner;
    }
    return error;
}

void mmio_release(struct mmio *mmio)
{
    holding_take_back(&mmio->holding);
    // One that does not obey harms its next driver only: nobody else has the memory that it knows of.
    (void)virtio_stop(&mmio->device);
}
