// SPDX-License-Identifier: MIT
#include "device.h"

#include <kozo/session.h>
#include <kozo/start.h>

#include "virtio_mmio.h"
#include "virtio_pci.h"

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

// Opens the session with the manager, and makes room for what its next answer brings.
static bool expect_capabilities(struct kozo_session *manager, uint64_t first)
{
    if (!kozo_session_open(manager, "devmgr")) {
        return false;
    }
    kozo_ipc_buffer()->receive_slot = first;
    kozo_ipc_buffer()->receive_count = 3;
    return true;
}

static void expect_nothing(void)
{
    kozo_ipc_buffer()->receive_slot = 0;
    kozo_ipc_buffer()->receive_count = 0;
}

// Makes what the claim brought usable. Null, or what is wrong.
static const char *take(struct device *device, uint64_t first, uint64_t size, uint64_t shared)
{
    if (kozo_pool_donate((struct kozo_pool){kozo_granted("self.pool")},
                         (struct kozo_untyped){kozo_granted("memory")}) != KOZO_OK ||
        see(first + SLOT_REGISTERS, first + SLOT_REGISTERS_SEEN, REGISTERS_AT, size) != KOZO_OK ||
        see(first + SLOT_SHARED, first + SLOT_SHARED_SEEN, SHARED_AT, shared) != KOZO_OK) {
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
    *device = (struct device){
        .registers = (volatile uint8_t *)REGISTERS_AT,
        .registers_size = size,
        .irq = irq,
        .shared_slot = {first + SLOT_SHARED},
        .shared = (uint8_t *)SHARED_AT,
        .physical = where.physical,
        .size = shared,
        .free_slot = first + SLOTS,
    };
    return nullptr;
}

static const char *refused(struct device *device, enum kozo_error error)
{
    device->is_absent = error == KOZO_BAD_ARGUMENT;
    return "the device is not to be had";
}

// Without notification registers of its own it is a device in memory.
static struct virtio_device virtio_of(const struct device *device,
                                      const struct kozo_devices_claim_virtio_result *given)
{
    if (given->notify_length == 0) {
        return virtio_mmio_device(device->registers + given->common);
    }
    return (struct virtio_device){
        .transport = &virtio_pci_transport,
        .common = device->registers + given->common,
        .notify = device->registers + given->notify,
        .device = device->registers + given->configuration,
        .notify_length = (uint32_t)given->notify_length,
        .notify_factor = (uint32_t)given->notify_factor,
    };
}

const char *device_claim(struct device *device, uint64_t kind, uint64_t number, uint64_t wanted)
{
    uint64_t first = kozo_process_info()->free_slot;
    struct kozo_session manager;
    if (!expect_capabilities(&manager, first)) {
        return "it has no device manager";
    }
    struct kozo_devices_claim_virtio_result given =
        kozo_devices_claim_virtio(manager.service, kind, number, wanted);
    expect_nothing();
    if (given.error != KOZO_OK) {
        return refused(device, given.error);
    }
    const char *fault = take(device, first, given.size, given.shared);
    if (fault != nullptr) {
        return fault;
    }
    device->virtio = virtio_of(device, &given);
    return nullptr;
}

const char *device_claim_pci(struct device *device, uint64_t identity, uint64_t number,
                             uint64_t bar, uint64_t wanted)
{
    uint64_t first = kozo_process_info()->free_slot;
    struct kozo_session manager;
    if (!expect_capabilities(&manager, first)) {
        return "it has no device manager";
    }
    struct kozo_devices_claim_result given =
        kozo_devices_claim(manager.service, identity, number, bar, wanted);
    expect_nothing();
    return given.error != KOZO_OK ? refused(device, given.error)
                                  : take(device, first, given.size, given.shared);
}

void device_answer(const struct device *device)
{
    virtio_answer(&device->virtio);
    (void)kozo_irq_handler_acknowledge(device->irq);
}
