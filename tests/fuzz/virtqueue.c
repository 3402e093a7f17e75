// SPDX-License-Identifier: MIT
// A virtio device that does what it likes with the memory of a queue, between requests of its driver.
// The driver's own books stay right, and every request is finished at most once.
#include "virtqueue.h"

#include <stdlib.h>

#include "input.h"

constexpr uint16_t SIZE = 16;
constexpr unsigned STEPS = 100;
constexpr size_t MEMORY = 1024;

static struct virtqueue queue;
alignas(VIRTQUEUE_ALIGNMENT) static uint8_t memory[MEMORY];
static bool under_way[256];
static uint16_t descriptors[256]; // that each request has
static uint8_t next_token;

static void add(struct input *input)
{
    struct virtqueue_buffer buffers[4];
    uint16_t count = input_byte(input) % 5;
    for (uint16_t i = 0; i < count && i < 4; i++) {
        buffers[i] = (struct virtqueue_buffer){
            .physical = i, .length = input_byte(input), .device_writes = i % 2 == 1};
    }
    if (count > 4 || under_way[next_token]) {
        return;
    }
    if (virtqueue_add(&queue, buffers, count, next_token)) {
        under_way[next_token] = true;
        descriptors[next_token++] = count;
    }
}

static void take(void)
{
    struct virtqueue_done done = virtqueue_take(&queue);
    if (!done.is_done) {
        return;
    }
    if (done.token >= 256 || !under_way[done.token]) {
        abort();
    }
    under_way[done.token] = false;
}

// Lets the device write a byte anywhere, or finish a request as it should, where it can.
static void interfere(struct input *input)
{
    size_t at = (size_t)input_number(input, 2) % virtqueue_bytes(SIZE);
    memory[at] = input_byte(input);
}

// Every descriptor is free or belongs to one request that is under way.
static void check(void)
{
    unsigned held = 0;
    for (size_t i = 0; i < 256; i++) {
        held += under_way[i] ? descriptors[i] : 0;
    }
    if (held + queue.free != SIZE) {
        abort();
    }
    uint16_t at = queue.first_free;
    bool seen[SIZE] = {};
    for (uint16_t i = 0; i < queue.free; i++) {
        if (at >= SIZE || seen[at] || queue.slots[at].count != 0) {
            abort();
        }
        seen[at] = true;
        at = queue.slots[at].next;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *byte, size_t size)
{
    struct input input = {.byte = byte, .left = size};
    memset(memory, 0, sizeof memory);
    memset(under_way, 0, sizeof under_way);
    next_token = 0;
    virtqueue_begin(&queue, memory, 0x1000, SIZE);
    for (unsigned i = 0; i < STEPS && input.left > 0; i++) {
        switch (input_byte(&input) % 4) {
        case 0:
            add(&input);
            break;
        case 1:
            take();
            break;
        default:
            interfere(&input);
            break;
        }
        check();
    }
    return 0;
}
