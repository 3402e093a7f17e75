// SPDX-License-Identifier: MIT
#include "virtio.h"

constexpr uint8_t STATUS_ACKNOWLEDGE = 1;
constexpr uint8_t STATUS_DRIVER = 2;
constexpr uint8_t STATUS_RUNS = 4;
constexpr uint8_t STATUS_FEATURES = 8;

constexpr unsigned RESET_READS = 100'000;

bool virtio_stop(const struct virtio_device *device)
{
    device->transport->set_status(device, 0);
    for (unsigned i = 0; i < RESET_READS; i++) {
        if (device->transport->status(device) == 0) {
            return true;
        }
    }
    return false;
}

bool virtio_start(struct virtio_device *device, uint64_t wanted)
{
    const struct virtio_transport *transport = device->transport;
    if (!virtio_stop(device)) {
        return false;
    }
    transport->set_status(device, STATUS_ACKNOWLEDGE);
    transport->set_status(device, STATUS_ACKNOWLEDGE | STATUS_DRIVER);
    device->features = transport->offered(device) & (wanted | VIRTIO_FEATURE_VERSION_1);
    if ((device->features & VIRTIO_FEATURE_VERSION_1) == 0) {
        return false;
    }
    transport->accept(device, device->features);
    transport->set_status(device, STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES);
    return (transport->status(device) & STATUS_FEATURES) != 0;
}

uint16_t virtio_queue_size(const struct virtio_device *device, uint16_t index)
{
    uint32_t size = device->transport->queue_most(device, index);
    if ((size & (size - 1)) != 0) {
        return 0;
    }
    return size < VIRTQUEUE_MOST ? (uint16_t)size : VIRTQUEUE_MOST;
}

struct virtio_bell virtio_queue(const struct virtio_device *device, uint16_t index,
                                const struct virtqueue *queue)
{
    return device->transport->queue(device, index, queue);
}

void virtio_run(const struct virtio_device *device)
{
    device->transport->set_status(device, STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES |
                                              STATUS_RUNS);
}

void virtio_ring(const struct virtio_bell *bell)
{
    if (bell->is_wide) {
        *(volatile uint32_t *)bell->place = bell->index;
    } else {
        *(volatile uint16_t *)bell->place = bell->index;
    }
}

void virtio_answer(const struct virtio_device *device)
{
    device->transport->answer(device);
}
