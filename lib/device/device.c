// SPDX-License-Identifier: MIT
#include "device.h"

#include <kozo/session.h>
#include <kozo/start.h>

constexpr uint64_t REGISTERS_AT = KOZO_PROCESS_FREE;
constexpr uint64_t SHARED_AT = KOZO_PROCESS_FREE + 0x1000'0000;
constexpr uint64_t RIGHTS = KOZO_RIGHT_READ | KOZO_RIGHT_WRITE;

// What a claim brings, and what is made of it, in consecutive slots.
enum slot : uint64_t {
    SLOT_REGISTERS,
    SLOT_IRQ,
    SLOT_SHARED,
    SLOT_REGISTERS_SEEN,
    SLOT_SHARED_SEEN,
    SLOTS,
};

static enum kozo_error see(uint64_t frame, uint64_t mapping, uint64_t address, uint64_t size)
{
    return kozo_frame_map((struct kozo_frame){frame}, (struct kozo_slot){mapping},
                          (struct kozo_address_space){kozo_granted("self.space")}, address, 0, size,
                          RIGHTS);
}

static struct kozo_devices_claim_virtio_result claim(uint64_t first, uint64_t kind, uint64_t number,
                                                     uint64_t wanted)
{
    struct kozo_session manager;
    struct kozo_devices_claim_virtio_result result = {.error = KOZO_BAD_HANDLE};
    if (!kozo_session_open(&manager, "devmgr")) {
        return result;
    }
    struct kozo_ipc_buffer *buffer = kozo_ipc_buffer();
    buffer->receive_slot = first;
    buffer->receive_count = 3;
    result = kozo_devices_claim_virtio(manager.service, kind, number, wanted);
    buffer->receive_slot = 0;
    buffer->receive_count = 0;
    return result;
}

const char *device_claim(struct device *device, uint64_t kind, uint64_t number, uint64_t wanted)
{
    uint64_t first = kozo_process_info()->free_slot;
    struct kozo_devices_claim_virtio_result given = claim(first, kind, number, wanted);
    if (given.error != KOZO_OK) {
        device->is_absent = given.error == KOZO_BAD_ARGUMENT;
        return "the device is not to be had";
    }
    if (kozo_pool_donate((struct kozo_pool){kozo_granted("self.pool")},
                         (struct kozo_untyped){kozo_granted("memory")}) != KOZO_OK ||
        see(first + SLOT_REGISTERS, first + SLOT_REGISTERS_SEEN, REGISTERS_AT, given.size) !=
            KOZO_OK ||
        see(first + SLOT_SHARED, first + SLOT_SHARED_SEEN, SHARED_AT, given.shared) != KOZO_OK) {
        return "its registers can't be mapped";
    }
    struct kozo_frame_address_result where =
        kozo_frame_address((struct kozo_frame){first + SLOT_SHARED});
    struct kozo_irq_handler irq = {first + SLOT_IRQ};
    struct kozo_notification signal = {kozo_granted("driver.signal")};
    if (where.error != KOZO_OK || kozo_irq_handler_bind(irq, signal) != KOZO_OK) {
        return "its interrupt can't be bound";
    }
    // An interrupt that a former driver left unanswered is answered now.
    (void)kozo_irq_handler_acknowledge(irq);
    volatile uint8_t *registers = (volatile uint8_t *)REGISTERS_AT;
    *device = (struct device){
        .virtio =
            {
                .common = registers + given.common,
                .notify = registers + given.notify,
                .device = registers + given.configuration,
                .notify_length = (uint32_t)given.notify_length,
                .notify_factor = (uint32_t)given.notify_factor,
            },
        .irq = irq,
        .shared_slot = {first + SLOT_SHARED},
        .shared = (uint8_t *)SHARED_AT,
        .physical = where.physical,
        .size = given.shared,
        .free_slot = first + SLOTS,
    };
    return nullptr;
}
