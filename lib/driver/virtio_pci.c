// SPDX-License-Identifier: MIT
#include "virtio_pci.h"

// Kinds of parts (section 4.1.4), and where a capability says what.
enum part : uint8_t {
    PART_COMMON = 1,
    PART_NOTIFY = 2,
    PART_INTERRUPT = 3,
    PART_DEVICE = 4,
};

constexpr uint16_t CAPABILITY_LENGTH = 2;
constexpr uint16_t CAPABILITY_KIND = 3;
constexpr uint16_t CAPABILITY_BAR = 4;
constexpr uint16_t CAPABILITY_OFFSET = 8;
constexpr uint16_t CAPABILITY_SIZE = 12;
constexpr uint16_t CAPABILITY_FACTOR = 16; // of PART_NOTIFY only

// Offsets of the common registers (section 4.1.4.3).
enum common : unsigned {
    COMMON_DEVICE_SELECT = 0,
    COMMON_DEVICE_FEATURES = 4,
    COMMON_DRIVER_SELECT = 8,
    COMMON_DRIVER_FEATURES = 12,
    COMMON_STATUS = 20,
    COMMON_QUEUE_SELECT = 22,
    COMMON_QUEUE_SIZE = 24,
    COMMON_QUEUE_VECTOR = 26,
    COMMON_QUEUE_ENABLE = 28,
    COMMON_QUEUE_NOTIFY = 30,
    COMMON_QUEUE_DESCRIPTORS = 32,
    COMMON_QUEUE_DRIVER = 40,
    COMMON_QUEUE_DEVICE = 48,
    COMMON_END = 56,
};

constexpr uint16_t VECTOR = 0; // of MSI-X, for all queues

static uint16_t get16(const struct virtio_device *device, unsigned at)
{
    return *(volatile uint16_t *)(device->common + at);
}

static void put16(const struct virtio_device *device, unsigned at, uint16_t value)
{
    *(volatile uint16_t *)(device->common + at) = value;
}

static uint32_t get32(const struct virtio_device *device, unsigned at)
{
    return *(volatile uint32_t *)(device->common + at);
}

static void put32(const struct virtio_device *device, unsigned at, uint32_t value)
{
    *(volatile uint32_t *)(device->common + at) = value;
}

// Registers of 64 bits are written in halves (section 4.1.3.1).
static void put64(const struct virtio_device *device, unsigned at, uint64_t value)
{
    put32(device, at, (uint32_t)value);
    put32(device, at + 4, (uint32_t)(value >> 32));
}

// --- Finding

static bool part_fits(const struct virtio_part *part, uint32_t least,
                      const uint64_t sizes[PCI_BARS])
{
    return part->bar < PCI_BARS && part->length >= least && part->offset % 4 == 0 &&
           part->offset <= sizes[part->bar] && part->length <= sizes[part->bar] - part->offset;
}

// Notes the first part of each kind, as the specification wants it.
static void note_part(const struct pci_access *access, const struct pci_function *function,
                      uint16_t at, struct virtio_layout *layout)
{
    struct virtio_part *const parts[] = {
        [PART_COMMON] = &layout->common,
        [PART_NOTIFY] = &layout->notify,
        [PART_INTERRUPT] = &layout->interrupt,
        [PART_DEVICE] = &layout->device,
    };
    uint8_t kind =
        (uint8_t)access->read(access->context, function->address, at + CAPABILITY_KIND, 1);
    if (kind < PART_COMMON || kind > PART_DEVICE || parts[kind]->length != 0) {
        return;
    }
    *parts[kind] = (struct virtio_part){
        .bar = (uint8_t)access->read(access->context, function->address, at + CAPABILITY_BAR, 1),
        .offset = access->read(access->context, function->address, at + CAPABILITY_OFFSET, 4),
        .length = access->read(access->context, function->address, at + CAPABILITY_SIZE, 4),
    };
    if (kind == PART_NOTIFY) {
        layout->notify_factor =
            access->read(access->context, function->address, at + CAPABILITY_FACTOR, 4);
    }
}

bool virtio_pci_find(const struct pci_access *access, const struct pci_function *function,
                     const uint64_t sizes[PCI_BARS], struct virtio_layout *layout)
{
    constexpr unsigned MOST = 48;
    constexpr uint8_t LEAST = 16;
    constexpr uint16_t SPACE = 256;
    *layout = (struct virtio_layout){};
    if (function->vendor != VIRTIO_VENDOR || function->device < VIRTIO_DEVICE_FIRST) {
        return false;
    }
    uint16_t at = 0;
    for (unsigned i = 0; i < MOST; i++) {
        at = pci_capability(access, function, PCI_CAPABILITY_VENDOR, at);
        if (at == 0) {
            break;
        }
        uint8_t length =
            (uint8_t)access->read(access->context, function->address, at + CAPABILITY_LENGTH, 1);
        if (length >= LEAST && at + CAPABILITY_FACTOR + 4 <= SPACE) {
            note_part(access, function, at, layout);
        }
    }
    return part_fits(&layout->common, COMMON_END, sizes) && part_fits(&layout->notify, 2, sizes) &&
           part_fits(&layout->interrupt, 1, sizes) &&
           (layout->device.length == 0 || part_fits(&layout->device, 1, sizes));
}

// --- Driving

static uint8_t status(const struct virtio_device *device)
{
    return device->common[COMMON_STATUS];
}

static void set_status(const struct virtio_device *device, uint8_t status)
{
    device->common[COMMON_STATUS] = status;
}

static uint64_t offered(const struct virtio_device *device)
{
    put32(device, COMMON_DEVICE_SELECT, 0);
    uint64_t low = get32(device, COMMON_DEVICE_FEATURES);
    put32(device, COMMON_DEVICE_SELECT, 1);
    return low | (uint64_t)get32(device, COMMON_DEVICE_FEATURES) << 32;
}

static void accept(const struct virtio_device *device, uint64_t features)
{
    put32(device, COMMON_DRIVER_SELECT, 0);
    put32(device, COMMON_DRIVER_FEATURES, (uint32_t)features);
    put32(device, COMMON_DRIVER_SELECT, 1);
    put32(device, COMMON_DRIVER_FEATURES, (uint32_t)(features >> 32));
}

static uint32_t queue_most(const struct virtio_device *device, uint16_t index)
{
    put16(device, COMMON_QUEUE_SELECT, index);
    return get16(device, COMMON_QUEUE_SIZE);
}

static struct virtio_bell hand_over(const struct virtio_device *device, uint16_t index,
                                    const struct virtqueue *queue)
{
    struct virtqueue_places places = virtqueue_places(queue);
    put16(device, COMMON_QUEUE_SELECT, index);
    uint64_t bell = (uint64_t)get16(device, COMMON_QUEUE_NOTIFY) * device->notify_factor;
    bool fits = device->notify_length >= 2 && bell <= device->notify_length - 2 && bell % 2 == 0;
    if (!fits || get16(device, COMMON_QUEUE_ENABLE) != 0) {
        return (struct virtio_bell){};
    }
    put16(device, COMMON_QUEUE_SIZE, queue->size);
    put16(device, COMMON_QUEUE_VECTOR, VECTOR);
    if (get16(device, COMMON_QUEUE_VECTOR) != VECTOR) {
        return (struct virtio_bell){};
    }
    put64(device, COMMON_QUEUE_DESCRIPTORS, places.descriptors);
    put64(device, COMMON_QUEUE_DRIVER, places.driver);
    put64(device, COMMON_QUEUE_DEVICE, places.device);
    put16(device, COMMON_QUEUE_ENABLE, 1);
    return (struct virtio_bell){.place = device->notify + bell, .index = index};
}

// Its interrupts are messages, which it does not hold.
static void answer(const struct virtio_device *device)
{
    (void)device;
}

const struct virtio_transport virtio_pci_transport = {
    .status = status,
    .set_status = set_status,
    .offered = offered,
    .accept = accept,
    .queue_most = queue_most,
    .queue = hand_over,
    .answer = answer,
};
