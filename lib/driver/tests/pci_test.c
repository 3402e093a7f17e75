// SPDX-License-Identifier: MIT
// Configuration space made of memory: what functions say, and what they say falsely.
#include "pci.h"

#include <limits.h>
#include <string.h>

#include "test.h"
#include "virtio_pci.h"

// One function is there; its BARs keep the bits of `bar_mask`.
static uint8_t space[256];
static uint32_t bar_mask[PCI_BARS];
static uint16_t present;
// After so many writes none comes any more: who writes has ended.
static unsigned writes_left;
static struct pci_probe probe;
static bool many; // every function is there, as a copy of it, the first of each bus a bridge

static uint32_t read(void *context, struct pci_address address, uint16_t offset, uint8_t bytes)
{
    (void)context;
    uint32_t value = UINT32_MAX;
    bool bridge = many && address.number % 256 == 0 && bytes == 1;
    if (bridge && (offset == 0x0e || offset == 0x19)) {
        // To the bus after it.
        return offset == 0x0e ? 0x81 : ((address.number >> 8) + 1U) & 0xff;
    }
    if ((many || address.number == present) && offset + bytes <= sizeof space) {
        memcpy(&value, space + offset, bytes);
    }
    return bytes == 4 ? value : value & ((1U << 8 * bytes) - 1);
}

static void write(void *context, struct pci_address address, uint16_t offset, uint8_t bytes,
                  uint32_t value)
{
    (void)context;
    (void)address;
    if (writes_left == 0) {
        return;
    }
    writes_left--;
    if (offset >= 0x10 && offset < 0x10 + 4 * PCI_BARS) {
        uint32_t mask = bar_mask[(offset - 0x10) / 4];
        uint32_t before;
        memcpy(&before, space + offset, 4);
        value = (value & mask) | (before & ~mask & 15);
    }
    memcpy(space + offset, &value, bytes);
}

static const struct pci_access access = {.read = read, .write = write};

static void put(unsigned offset, uint32_t value, unsigned bytes)
{
    memcpy(space + offset, &value, bytes);
}

static void begin(void)
{
    memset(space, 0, sizeof space);
    memset(bar_mask, 0, sizeof bar_mask);
    writes_left = UINT_MAX;
    probe = (struct pci_probe){};
    many = false;
    present = 3 << 3;
    put(0, 0x1af4, 2);
    put(2, 0x1042, 2);
    put(8, 0x01800000, 4);
}

static struct pci_function find(void)
{
    struct pci_walk walk = {.access = &access};
    struct pci_function function = {};
    (void)pci_walk_next(&walk, &function);
    return function;
}

TEST("a walk finds the function that is there and ends")
{
    begin();
    struct pci_walk walk = {.access = &access};
    struct pci_function function;
    REQUIRE(pci_walk_next(&walk, &function));
    CHECK(function.address.number == present && function.vendor == 0x1af4);
    CHECK(function.device == 0x1042 && function.class == 0x018000 && function.header == 0);
    CHECK(!pci_walk_next(&walk, &function));
}

TEST("a walk finds every function of a machine that is full, once")
{
    begin();
    many = true;
    put(0x0e, 0x80, 1);
    struct pci_walk walk = {.access = &access};
    struct pci_function function;
    unsigned count = 0;
    while (pci_walk_next(&walk, &function)) {
        REQUIRE(function.address.number == count);
        count++;
    }
    CHECK(count == 65'536);
    many = false;
    present = 1 << 8;
    walk = (struct pci_walk){.access = &access};
    CHECK(!pci_walk_next(&walk, &function));
}

TEST("a bridge says which bus is below it")
{
    begin();
    put(0x0e, 1, 1);
    put(0x19, 7, 1);
    CHECK(find().header == 1 && find().secondary == 7);
    CHECK(pci_bar_probe(&access, &(struct pci_function){.header = 1}, 0, &probe).size == 0);
}

TEST("base address registers tell kind, address and size, and are as before")
{
    begin();
    bar_mask[0] = 0xffff'f000;
    bar_mask[1] = 0xffe0;
    bar_mask[2] = 0xffff'c000;
    bar_mask[3] = 0xffff'ffff;
    put(0x10, 0xfebf'0000, 4);
    put(0x14, 0xc041, 4);
    put(0x18, 0x8000'000c, 4);
    put(0x1c, 0x0000'0001, 4);
    put(PCI_COMMAND, 0x0103, 2);
    struct pci_function function = find();
    uint8_t before[sizeof space];
    memcpy(before, space, sizeof space);
    struct pci_bar memory = pci_bar_probe(&access, &function, 0, &probe);
    CHECK(!memory.is_ports && !memory.is_wide && memory.address == 0xfebf'0000 &&
          memory.size == 0x1000);
    struct pci_bar ports = pci_bar_probe(&access, &function, 1, &probe);
    CHECK(ports.is_ports && ports.address == 0xc040 && ports.size == 0x20);
    struct pci_bar wide = pci_bar_probe(&access, &function, 2, &probe);
    CHECK(wide.is_wide && wide.address == 0x1'8000'0000 && wide.size == 0x4000);
    CHECK(pci_bar_probe(&access, &function, 4, &probe).size == 0);
    CHECK(pci_bar_probe(&access, &function, PCI_BARS, &probe).size == 0);
    CHECK(memcmp(before, space, sizeof space) == 0);
}

// A device with a wide register and one of ports, which answers to both.
static struct pci_function begin_wide(void)
{
    begin();
    bar_mask[2] = 0xffff'c000;
    bar_mask[3] = 0xffff'ffff;
    bar_mask[4] = 0xffe0;
    put(0x18, 0x8000'000c, 4);
    put(0x1c, 0x0000'0001, 4);
    put(0x20, 0xc041, 4);
    put(PCI_COMMAND, 0x0103, 2);
    return find();
}

// Probes until its end comes after so many writes. False: it came to no end.
static bool probe_until(const struct pci_function *function, unsigned index, unsigned writes)
{
    writes_left = writes;
    (void)pci_bar_probe(&access, function, index, &probe);
    bool ended = writes_left == 0;
    // What the one who has ended would have noted is not noted.
    probe.under_way = probe.under_way || ended;
    writes_left = UINT_MAX;
    return ended;
}

TEST("a probe that was broken off at any write is undone, and the next one finds the same")
{
    static const unsigned index[] = {2, 4};
    for (size_t i = 0; i < 2; i++) {
        uint8_t before[sizeof space];
        bool ended = true;
        for (unsigned writes = 0; ended; writes++) {
            struct pci_function function = begin_wide();
            memcpy(before, space, sizeof space);
            ended = probe_until(&function, index[i], writes);
            pci_bar_restore(&access, &probe);
            CHECK(!probe.under_way && memcmp(before, space, sizeof space) == 0);
            struct pci_bar bar = pci_bar_probe(&access, &function, index[i], &probe);
            CHECK(bar.address == (i == 0 ? 0x1'8000'0000 : 0xc040));
            CHECK(bar.size == (i == 0 ? 0x4000 : 0x20));
        }
    }
}

TEST("undoing a probe may itself be broken off, and what ended is not undone again")
{
    for (unsigned writes = 0; writes < 4; writes++) {
        struct pci_function function = begin_wide();
        uint8_t before[sizeof space];
        memcpy(before, space, sizeof space);
        CHECK(probe_until(&function, 2, 3));
        struct pci_probe noted = probe;
        writes_left = writes;
        pci_bar_restore(&access, &probe);
        writes_left = UINT_MAX;
        probe = noted;
        pci_bar_restore(&access, &probe);
        CHECK(memcmp(before, space, sizeof space) == 0);
        put(0x1c, 2, 4); // by others since then
        pci_bar_restore(&access, &probe);
        CHECK(pci_bar_probe(&access, &function, 2, &probe).address == 0x2'8000'0000);
    }
}

TEST("a wide register that would be the seventh is none")
{
    begin();
    bar_mask[5] = 0xffff'f000;
    put(0x24, 0x0000'0004, 4);
    struct pci_function function = find();
    CHECK(!pci_bar_probe(&access, &function, 5, &probe).is_wide);
}

TEST("capabilities are found in order, and a list that goes round ends")
{
    begin();
    struct pci_function function = find();
    CHECK(pci_capability(&access, &function, PCI_CAPABILITY_MSI, 0) == 0);
    put(0x06, 1 << 4, 2);
    put(0x34, 0x40, 1);
    put(0x40, 0x5009, 2);
    put(0x50, 0x6005, 2);
    put(0x60, 0x0009, 2);
    CHECK(pci_capability(&access, &function, PCI_CAPABILITY_MSI, 0) == 0x50);
    CHECK(pci_capability(&access, &function, PCI_CAPABILITY_VENDOR, 0) == 0x40);
    CHECK(pci_capability(&access, &function, PCI_CAPABILITY_VENDOR, 0x40) == 0x60);
    CHECK(pci_capability(&access, &function, PCI_CAPABILITY_VENDOR, 0x60) == 0);
    put(0x61, 0x40, 1);
    CHECK(pci_capability(&access, &function, PCI_CAPABILITY_MSIX, 0) == 0);
    put(0x34, 0x04, 1);
    CHECK(pci_capability(&access, &function, PCI_CAPABILITY_VENDOR, 0) == 0);
}

// --- virtio

static void put_part(unsigned at, uint8_t next, uint8_t kind, uint8_t bar, uint32_t offset,
                     uint32_t length)
{
    put(at, PCI_CAPABILITY_VENDOR | (uint32_t)next << 8 | 20U << 16 | (uint32_t)kind << 24, 4);
    put(at + 4, bar, 4);
    put(at + 8, offset, 4);
    put(at + 12, length, 4);
    put(at + 16, 4, 4);
}

static void begin_virtio(void)
{
    begin();
    put(0x06, 1 << 4, 2);
    put(0x34, 0x40, 1);
    put_part(0x40, 0x54, 1, 4, 0, 0x38);
    put_part(0x54, 0x68, 2, 4, 0x1000, 0x100);
    put_part(0x68, 0x7c, 3, 4, 0x2000, 1);
    put_part(0x7c, 0, 4, 4, 0x3000, 0x40);
}

static const uint64_t sizes[PCI_BARS] = {[4] = 0x4000};

TEST("the parts of a virtio device are found")
{
    begin_virtio();
    struct virtio_layout layout;
    struct pci_function function = find();
    REQUIRE(virtio_pci_find(&access, &function, sizes, &layout));
    CHECK(layout.common.bar == 4 && layout.common.length == 0x38);
    CHECK(layout.notify.offset == 0x1000 && layout.notify_factor == 4);
    CHECK(layout.interrupt.offset == 0x2000 && layout.device.offset == 0x3000);
}

TEST("a virtio device whose parts don't fit its memory is refused")
{
    struct virtio_layout layout;
    static const struct {
        unsigned at;
        uint32_t value;
    } lies[] = {
        {0x40 + 12, 0x30},
        {0x40 + 4, 6},
        {0x40 + 4, 255},
        {0x40 + 8, 0x3fe0},
        {0x40 + 8, 0xffff'fff0},
        {0x54 + 12, 1},
        {0x54 + 12, 0xffff'ffff},
        {0x68 + 12, 0},
        {0x7c + 8, 0x3fe1},
        {0x40, 0},
        {0x54, 0},
        {0x40 + 8, 2},
    };
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        begin_virtio();
        put(lies[i].at, lies[i].value, 4);
        struct pci_function function = find();
        CHECK(!virtio_pci_find(&access, &function, sizes, &layout));
    }
    begin_virtio();
    put(2, 0x1001, 2);
    struct pci_function function = find();
    CHECK(!virtio_pci_find(&access, &function, sizes, &layout));
}

TEST("random configuration space harms nobody")
{
    uint64_t state = 1;
    for (unsigned round = 0; round < 20'000; round++) {
        begin_virtio();
        for (unsigned i = 0; i < 1 + round % 24; i++) {
            state = state * 6'364'136'223'846'793'005 + 1'442'695'040'888'963'407;
            put(0x34 + (state >> 56) % 0xcc, (uint32_t)(state >> 40), 1);
        }
        struct virtio_layout layout;
        struct pci_function function = find();
        if (virtio_pci_find(&access, &function, sizes, &layout)) {
            REQUIRE((uint64_t)layout.common.offset + layout.common.length <= 0x4000);
            REQUIRE((uint64_t)layout.notify.offset + layout.notify.length <= 0x4000);
        }
    }
}

// Registers that are plain memory: each reads as what was written.
alignas(8) static uint8_t registers[64];
alignas(8) static uint8_t bells[64];
alignas(16) static uint8_t shared[512];

static struct virtio_device begin_device(void)
{
    memset(registers, 0, sizeof registers);
    registers[4] = 1; // both halves of the features
    registers[24] = 8;
    registers[30] = 3;
    return (struct virtio_device){
        .transport = &virtio_pci_transport,
        .common = registers,
        .notify = bells,
        .notify_length = sizeof bells,
        .notify_factor = 4,
    };
}

TEST("a virtio device is started, gets its queue and runs")
{
    struct virtio_device device = begin_device();
    REQUIRE(virtio_start(&device, 0));
    CHECK(device.features == VIRTIO_FEATURE_VERSION_1);
    CHECK(virtio_queue_size(&device, 0) == 8);
    static struct virtqueue queue;
    virtqueue_begin(&queue, shared, 0x1'2345'6000, 8);
    struct virtio_bell bell = virtio_queue(&device, 3, &queue);
    CHECK(bell.place == bells + 12 && registers[22] == 3);
    virtio_ring(&bell);
    CHECK(bells[12] == 3 && bells[14] == 0);
    uint64_t descriptors;
    memcpy(&descriptors, registers + 32, 8);
    CHECK(descriptors == 0x1'2345'6000 && registers[28] == 1);
    virtio_run(&device);
    CHECK(registers[20] == 15);
    CHECK(virtio_stop(&device) && registers[20] == 0);
}

TEST("a device of the old form, one with odd sizes and one with a bell outside are refused")
{
    struct virtio_device device = begin_device();
    registers[4] = 0;
    CHECK(!virtio_start(&device, UINT64_MAX));
    device = begin_device();
    registers[24] = 7;
    CHECK(virtio_queue_size(&device, 0) == 0);
    registers[24] = 0;
    registers[25] = 4;
    CHECK(virtio_queue_size(&device, 0) == VIRTQUEUE_MOST);
    static struct virtqueue queue;
    virtqueue_begin(&queue, shared, 0, 8);
    registers[30] = 16;
    CHECK(virtio_queue(&device, 0, &queue).place == nullptr);
    registers[30] = 15;
    CHECK(virtio_queue(&device, 0, &queue).place != nullptr);
    CHECK(virtio_queue(&device, 0, &queue).place == nullptr);
}
