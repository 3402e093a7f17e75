// SPDX-License-Identifier: MIT
// Registers of virtio devices in memory that is just memory: each register reads as what was last put
// there, by the test or by the driver. The devices of the last test change while they are looked at.
#include "virtio_mmio.h"

#include <string.h>

#include "test.h"

constexpr size_t REGISTERS = 0x200;

alignas(8) static uint8_t registers[REGISTERS];
alignas(16) static uint8_t shared[512];
static struct virtqueue queue;

static uint32_t get(size_t at)
{
    uint32_t value;
    memcpy(&value, registers + at, sizeof value);
    return value;
}

static void put(size_t at, uint32_t value)
{
    memcpy(registers + at, &value, sizeof value);
}

// A disk, whose features read alike in both halves.
static struct virtio_device begin(void)
{
    memset(registers, 0, sizeof registers);
    put(0x00, 0x7472'6976); // "virt"
    put(0x04, 2);
    put(0x08, VIRTIO_BLOCK);
    put(0x10, 1);
    put(0x34, 8);
    virtqueue_begin(&queue, shared, 0x1'2345'6000, 8);
    return virtio_mmio_device(registers);
}

static enum virtio_mmio_found found(void)
{
    return virtio_mmio_look(registers).found;
}

TEST("a device of version 2 is found, and looking changes none of its registers")
{
    static uint8_t before[REGISTERS];
    (void)begin();
    memcpy(before, registers, sizeof before);
    struct virtio_mmio_look look = virtio_mmio_look(registers);
    CHECK(look.found == VIRTIO_MMIO_GOOD && look.kind == VIRTIO_BLOCK);
    CHECK(memcmp(before, registers, sizeof before) == 0);
}

TEST("places without a device, legacy devices, later ones and other registers are told apart")
{
    (void)begin();
    put(0x08, 0);
    CHECK(found() == VIRTIO_MMIO_NOTHING);
    (void)begin();
    put(0x04, 1);
    CHECK(found() == VIRTIO_MMIO_LEGACY);
    put(0x04, 3);
    CHECK(found() == VIRTIO_MMIO_UNKNOWN);
    put(0x04, 0);
    CHECK(found() == VIRTIO_MMIO_UNKNOWN);
    (void)begin();
    put(0x08, 0x1'0002);
    CHECK(found() == VIRTIO_MMIO_UNKNOWN);
    (void)begin();
    put(0x00, 0x7669'7274);
    CHECK(found() == VIRTIO_MMIO_NOTHING);
    memset(registers, 0xff, sizeof registers);
    CHECK(found() == VIRTIO_MMIO_NOTHING);
}

TEST("a device in memory is started, gets its queue, runs, is told of it, and stops")
{
    struct virtio_device device = begin();
    REQUIRE(virtio_start(&device, 0));
    CHECK(device.features == VIRTIO_FEATURE_VERSION_1);
    CHECK(get(0x24) == 1 && get(0x20) == 1 && get(0x70) == 11);
    CHECK(virtio_queue_size(&device, 5) == 8 && get(0x30) == 5);
    struct virtio_bell bell = virtio_queue(&device, 5, &queue);
    REQUIRE(bell.place == registers + 0x50);
    CHECK(get(0x38) == 8 && get(0x44) == 1);
    CHECK(get(0x80) == 0x2345'6000 && get(0x84) == 1);
    CHECK(get(0x90) == 0x2345'6080 && get(0x94) == 1);
    CHECK(get(0xa0) == 0x2345'6098 && get(0xa4) == 1);
    virtio_run(&device);
    CHECK(get(0x70) == 15);
    put(0x50, UINT32_MAX);
    virtio_ring(&bell);
    CHECK(get(0x50) == 5);
    CHECK(device.device == registers + 0x100);
    CHECK(virtio_stop(&device) && get(0x70) == 0);
}

TEST("an interrupt is answered with the causes that the device tells, and no other")
{
    struct virtio_device device = begin();
    put(0x60, 1);
    virtio_answer(&device);
    CHECK(get(0x64) == 1);
    put(0x60, 2);
    virtio_answer(&device);
    CHECK(get(0x64) == 2);
}

TEST("a device without VERSION_1, and one with odd sizes, are refused")
{
    struct virtio_device device = begin();
    put(0x10, 0);
    CHECK(!virtio_start(&device, UINT64_MAX));
    device = begin();
    put(0x34, 7);
    CHECK(virtio_queue_size(&device, 0) == 0);
    put(0x34, 0);
    CHECK(virtio_queue_size(&device, 0) == 0);
    put(0x34, 0x8000'0000);
    CHECK(virtio_queue_size(&device, 0) == VIRTQUEUE_MOST);
    put(0x34, UINT32_MAX);
    CHECK(virtio_queue_size(&device, 0) == 0);
}

TEST(
    "a queue that is ready before it was given, or smaller than it, is refused and not handed over")
{
    struct virtio_device device = begin();
    put(0x44, 1);
    CHECK(virtio_queue(&device, 0, &queue).place == nullptr);
    device = begin();
    put(0x34, 4);
    CHECK(virtio_queue(&device, 0, &queue).place == nullptr);
    CHECK(get(0x80) == 0 && get(0x44) == 0);
}

// --- Devices that lie while they are looked at --------------------------------------------------

static unsigned reads;

static uint8_t never_zero(const struct virtio_device *device)
{
    (void)device;
    reads++;
    return 0x40;
}

static uint8_t zero_only(const struct virtio_device *device)
{
    (void)device;
    return 0;
}

TEST("a device that is never reset, and one that forgets what was agreed upon, are refused in "
     "bounded time")
{
    struct virtio_device device = begin();
    struct virtio_transport lying = *device.transport;
    device.transport = &lying;
    lying.status = never_zero;
    CHECK(!virtio_stop(&device) && reads > 0 && reads <= 1'000'000);
    CHECK(!virtio_start(&device, 0));
    lying.status = zero_only;
    CHECK(virtio_stop(&device) && !virtio_start(&device, 0));
}
