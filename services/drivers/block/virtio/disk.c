// SPDX-License-Identifier: MIT
#include "disk.h"

// Features and configuration (sections 5.2.3 and 5.2.4).
constexpr uint64_t FEATURE_READ_ONLY = 1 << 5;
constexpr uint64_t FEATURE_FLUSH = 1 << 9;
constexpr size_t CONFIGURATION_CAPACITY = 0; // in blocks of 512 bytes

constexpr uint8_t STATUS_GOOD = 0;
constexpr uint8_t STATUS_UNSET = 0xff;

struct header {
    uint32_t command;
    uint32_t reserved;
    uint64_t block;
};
static_assert(sizeof(struct header) == 16);

// Where things are in the shared memory.
constexpr size_t HEADERS_AT = 0x4000; // behind the queue
constexpr size_t HEADER_SPACE = 0x20; // the header, and the status byte behind it
constexpr size_t STATUS_IN_HEADER = sizeof(struct header);
constexpr uint16_t QUEUE_SIZE = 32;

static size_t header_at(size_t request)
{
    return HEADERS_AT + request * HEADER_SPACE;
}

static volatile uint8_t *status_of(const struct disk *disk, size_t request)
{
    return disk->device.shared + header_at(request) + STATUS_IN_HEADER;
}

static uint64_t read_capacity(const struct virtio_device *device)
{
    const volatile uint32_t *words =
        (const volatile uint32_t *)(device->device + CONFIGURATION_CAPACITY);
    return words[0] | (uint64_t)words[1] << 32;
}

const char *disk_start(struct disk *disk, uint64_t number)
{
    struct device *device = &disk->device;
    const char *fault = device_claim(device, VIRTIO_BLOCK, number, 0);
    if (fault != nullptr) {
        return fault;
    }
    if (!virtio_start(&device->virtio, FEATURE_READ_ONLY | FEATURE_FLUSH)) {
        return "the disk does not start";
    }
    uint16_t size = virtio_queue_size(&device->virtio, 0);
    if (size < 3 || device->size < DISK_FREE) {
        return "the disk has no queue that can be used";
    }
    size = size < QUEUE_SIZE ? size : QUEUE_SIZE;
    for (size_t i = 0; i < DISK_FREE; i++) {
        device->shared[i] = 0;
    }
    virtqueue_begin(&disk->queue, device->shared, device->physical, size);
    disk->bell = virtio_queue(&device->virtio, 0, &disk->queue);
    if (disk->bell.place == nullptr) {
        return "the disk refuses its queue";
    }
    virtio_run(&device->virtio);
    disk->blocks = read_capacity(&device->virtio);
    disk->writable = (device->virtio.features & FEATURE_READ_ONLY) == 0;
    disk->flushes = (device->virtio.features & FEATURE_FLUSH) != 0;
    return nullptr;
}

size_t disk_free(const struct disk *disk)
{
    size_t request = 0;
    while (request < DISK_REQUESTS && disk->busy[request]) {
        request++;
    }
    return request;
}

bool disk_begin(struct disk *disk, size_t number, const struct disk_request *request)
{
    const struct device *device = &disk->device;
    size_t header = header_at(number);
    *(struct header *)(device->shared + header) =
        (struct header){.command = request->command, .block = request->block};
    *status_of(disk, number) = STATUS_UNSET;
    struct virtqueue_buffer buffers[3] = {
        {.physical = device->physical + header, .length = sizeof(struct header)},
        {
            .physical = device->physical + request->offset,
            .length = request->bytes,
            .device_writes = request->command == DISK_READ,
        },
        {
            .physical = device->physical + header + STATUS_IN_HEADER,
            .length = 1,
            .device_writes = true,
        },
    };
    uint16_t count = 3;
    if (request->bytes == 0) {
        buffers[1] = buffers[2];
        count = 2;
    }
    if (!virtqueue_add(&disk->queue, buffers, count, number)) {
        return false;
    }
    disk->busy[number] = true;
    if (virtqueue_wants_notice(&disk->queue)) {
        virtio_ring(&disk->bell);
    }
    return true;
}

struct disk_done disk_next(struct disk *disk)
{
    struct virtqueue_done done = virtqueue_take(&disk->queue);
    if (!done.is_done) {
        return (struct disk_done){};
    }
    disk->busy[done.token] = false;
    return (struct disk_done){
        .is_done = true,
        .good = *status_of(disk, done.token) == STATUS_GOOD,
        .request = done.token,
    };
}
