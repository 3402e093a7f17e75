// SPDX-License-Identifier: MIT
// Every register has 32 bits, and is read and written whole (section 4.2.2.2).
#include "virtio_mmio.h"

// Offsets (section 4.2.2).
enum mmio : unsigned {
    MMIO_MAGIC = 0x00,
    MMIO_VERSION = 0x04,
    MMIO_KIND = 0x08,
    MMIO_DEVICE_FEATURES = 0x10,
    MMIO_DEVICE_SELECT = 0x14,
    MMIO_DRIVER_FEATURES = 0x20,
    MMIO_DRIVER_SELECT = 0x24,
    MMIO_QUEUE_SELECT = 0x30,
    MMIO_QUEUE_MOST = 0x34,
    MMIO_QUEUE_SIZE = 0x38,
    MMIO_QUEUE_READY = 0x44,
    MMIO_QUEUE_NOTIFY = 0x50,
    MMIO_INTERRUPT_STATUS = 0x60,
    MMIO_INTERRUPT_ACKNOWLEDGE = 0x64,
    MMIO_STATUS = 0x70,
    MMIO_QUEUE_DESCRIPTORS = 0x80,
    MMIO_QUEUE_DRIVER = 0x90,
    MMIO_QUEUE_DEVICE = 0xa0,
};

constexpr uint32_t MAGIC = 0x7472'6976; // "virt"
constexpr uint32_t VERSION_LEGACY = 1;
constexpr uint32_t VERSION = 2;

static uint32_t get(const struct virtio_device *device, unsigned at)
{
    return *(const volatile uint32_t *)(device->common + at);
}

static void put(const struct virtio_device *device, unsigned at, uint32_t value)
{
    *(volatile uint32_t *)(device->common + at) = value;
}

static void put64(const struct virtio_device *device, unsigned at, uint64_t value)
{
    put(device, at, (uint32_t)value);
    put(device, at + 4, (uint32_t)(value >> 32));
}

// A device in the future may tell more by its status; its lower eight bits are those of today.
static uint8_t status(const struct virtio_device *device)
{
    return (uint8_t)get(device, MMIO_STATUS);
}

static void set_status(const struct virtio_device *device, uint8_t status)
{
    put(device, MMIO_STATUS, status);
}

static uint64_t offered(const struct virtio_device *device)
{
    put(device, MMIO_DEVICE_SELECT, 0);
    uint64_t low = get(device, MMIO_DEVICE_FEATURES);
    put(device, MMIO_DEVICE_SELECT, 1);
    return low | (uint64_t)get(device, MMIO_DEVICE_FEATURES) << 32;
}

static void accept(const struct virtio_device *device, uint64_t features)
{
    put(device, MMIO_DRIVER_SELECT, 0);
    put(device, MMIO_DRIVER_FEATURES, (uint32_t)features);
    put(device, MMIO_DRIVER_SELECT, 1);
    put(device, MMIO_DRIVER_FEATURES, (uint32_t)(features >> 32));
}

static uint32_t queue_most(const struct virtio_device *device, uint16_t index)
{
    put(device, MMIO_QUEUE_SELECT, index);
    return get(device, MMIO_QUEUE_MOST);
}

static struct virtio_bell hand_over(const struct virtio_device *device, uint16_t index,
                                    const struct virtqueue *queue)
{
    struct virtqueue_places places = virtqueue_places(queue);
    put(device, MMIO_QUEUE_SELECT, index);
    if (get(device, MMIO_QUEUE_READY) != 0 || get(device, MMIO_QUEUE_MOST) < queue->size) {
        return (struct virtio_bell){};
    }
    put(device, MMIO_QUEUE_SIZE, queue->size);
    put64(device, MMIO_QUEUE_DESCRIPTORS, places.descriptors);
    put64(device, MMIO_QUEUE_DRIVER, places.driver);
    put64(device, MMIO_QUEUE_DEVICE, places.device);
    put(device, MMIO_QUEUE_READY, 1);
    if (get(device, MMIO_QUEUE_READY) == 0) {
        return (struct virtio_bell){};
    }
    return (struct virtio_bell){
        .place = device->common + MMIO_QUEUE_NOTIFY,
        .index = index,
        .is_wide = true,
    };
}

// The line is up until each cause that was read is acknowledged.
static void answer(const struct virtio_device *device)
{
    put(device, MMIO_INTERRUPT_ACKNOWLEDGE, get(device, MMIO_INTERRUPT_STATUS));
}

struct virtio_mmio_look virtio_mmio_look(const volatile uint8_t *registers)
{
    const volatile uint32_t *words = (const volatile uint32_t *)registers;
    if (words[MMIO_MAGIC / 4] != MAGIC) {
        return (struct virtio_mmio_look){.found = VIRTIO_MMIO_NOTHING};
    }
    uint32_t version = words[MMIO_VERSION / 4];
    uint32_t kind = words[MMIO_KIND / 4];
    if (kind == 0) {
        return (struct virtio_mmio_look){.found = VIRTIO_MMIO_NOTHING};
    }
    if (version != VERSION || kind > UINT16_MAX) {
        return (struct virtio_mmio_look){
            .found = version == VERSION_LEGACY ? VIRTIO_MMIO_LEGACY : VIRTIO_MMIO_UNKNOWN,
        };
    }
    return (struct virtio_mmio_look){.found = VIRTIO_MMIO_GOOD, .kind = (uint16_t)kind};
}

struct virtio_device virtio_mmio_device(volatile uint8_t *registers)
{
    static const struct virtio_transport transport = {
        .status = status,
        .set_status = set_status,
        .offered = offered,
        .accept = accept,
        .queue_most = queue_most,
        .queue = hand_over,
        .answer = answer,
    };
    return (struct virtio_device){
        .transport = &transport,
        .common = registers,
        .device = registers + VIRTIO_MMIO_REGISTERS,
    };
}
