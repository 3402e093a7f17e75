// SPDX-License-Identifier: MIT
#include "virtqueue.h"

#include <stdatomic.h>

// Layout of the shared memory (sections 2.7.5, 2.7.6 and 2.7.8). All numbers are little-endian, as
// are the machines that this runs on.
struct descriptor {
    uint64_t physical;
    uint32_t length;
    uint16_t flags;
    uint16_t next;
};
static_assert(sizeof(struct descriptor) == 16);

struct available {
    _Atomic uint16_t flags;
    _Atomic uint16_t index;
    _Atomic uint16_t ring[];
};

struct used_element {
    _Atomic uint32_t head;
    _Atomic uint32_t written;
};

struct used {
    _Atomic uint16_t flags;
    _Atomic uint16_t index;
    struct used_element ring[];
};
static_assert(sizeof(struct used_element) == 8);

constexpr uint16_t DESCRIPTOR_NEXT = 1 << 0;
constexpr uint16_t DESCRIPTOR_WRITE = 1 << 1;
constexpr uint16_t AVAILABLE_NO_INTERRUPT = 1;
constexpr uint16_t USED_NO_NOTIFY = 1;

static size_t available_at(uint16_t size)
{
    return size * sizeof(struct descriptor);
}

// After the ring comes a word for an option that is not used, and used wants four bytes' alignment.
static size_t used_at(uint16_t size)
{
    size_t end = available_at(size) + sizeof(uint16_t) * (3U + size);
    return (end + 3) & ~(size_t)3;
}

static struct descriptor *descriptors(const struct virtqueue *queue)
{
    return (struct descriptor *)queue->memory;
}

static struct available *available(const struct virtqueue *queue)
{
    return (struct available *)(queue->memory + available_at(queue->size));
}

static struct used *used(const struct virtqueue *queue)
{
    return (struct used *)(queue->memory + used_at(queue->size));
}

size_t virtqueue_bytes(uint16_t size)
{
    return used_at(size) + sizeof(uint16_t) * 3U + size * sizeof(struct used_element);
}

void virtqueue_begin(struct virtqueue *queue, void *memory, uint64_t physical, uint16_t size)
{
    *queue = (struct virtqueue){
        .memory = memory,
        .physical = physical,
        .size = size,
        .free = size,
    };
    for (uint16_t i = 0; i < size; i++) {
        queue->slots[i].next = i + 1;
    }
}

struct virtqueue_places virtqueue_places(const struct virtqueue *queue)
{
    return (struct virtqueue_places){
        .descriptors = queue->physical,
        .driver = queue->physical + available_at(queue->size),
        .device = queue->physical + used_at(queue->size),
    };
}

bool virtqueue_add(struct virtqueue *queue, const struct virtqueue_buffer *buffers, uint16_t count,
                   uint64_t token)
{
    if (queue->broken || count == 0 || count > queue->free) {
        return false;
    }

    uint16_t head = queue->first_free;
    uint16_t at = head;
    uint32_t writable = 0;
    for (uint16_t i = 0; i < count; i++) {
        const struct virtqueue_buffer *buffer = &buffers[i];
        at = i == 0 ? head : queue->slots[at].next;
        descriptors(queue)[at] = (struct descriptor){
            .physical = buffer->physical,
            .length = buffer->length,
            .flags = (uint16_t)((buffer->device_writes ? DESCRIPTOR_WRITE : 0) |
                                (i + 1 < count ? DESCRIPTOR_NEXT : 0)),
            .next = queue->slots[at].next,
        };
        writable += buffer->device_writes ? buffer->length : 0;
    }
    queue->first_free = queue->slots[at].next;
    queue->free -= count;
    queue->slots[head].count = count;
    queue->slots[head].writable = writable;
    queue->slots[head].token = token;

    struct available *ring = available(queue);
    ring->ring[queue->given & (queue->size - 1)] = head;
    queue->given++;
    // The device may look at the request as soon as it sees the index.
    atomic_store_explicit(&ring->index, queue->given, memory_order_release);
    return true;
}

bool virtqueue_wants_notice(const struct virtqueue *queue)
{
    // The index must be out before the flag is read, else both sides wait (section 2.7.13.4.1).
    atomic_thread_fence(memory_order_seq_cst);
    return (used(queue)->flags & USED_NO_NOTIFY) == 0;
}

static void slots_free(struct virtqueue *queue, uint16_t head)
{
    struct virtqueue_slot *slot = &queue->slots[head];
    uint16_t last = head;
    for (uint16_t i = 1; i < slot->count; i++) {
        last = queue->slots[last].next;
    }
    queue->slots[last].next = queue->first_free;
    queue->first_free = head;
    queue->free += slot->count;
    slot->count = 0;
}

struct virtqueue_done virtqueue_take(struct virtqueue *queue)
{
    struct used *ring = used(queue);
    uint16_t index = atomic_load_explicit(&ring->index, memory_order_acquire);
    if (queue->broken || index == queue->taken) {
        return (struct virtqueue_done){};
    }
    struct used_element *element = &ring->ring[queue->taken & (queue->size - 1)];
    uint32_t head = element->head;
    uint32_t written = element->written;
    bool sound = (uint16_t)(index - queue->taken) <= queue->size && head < queue->size &&
                 queue->slots[head].count != 0 && written <= queue->slots[head].writable;
    if (!sound) {
        queue->broken = true;
        return (struct virtqueue_done){};
    }

    queue->taken++;
    struct virtqueue_done done = {
        .is_done = true,
        .token = queue->slots[head].token,
        .written = written,
    };
    slots_free(queue, (uint16_t)head);
    return done;
}

void virtqueue_interrupts(struct virtqueue *queue, bool wanted)
{
    available(queue)->flags = wanted ? 0 : AVAILABLE_NO_INTERRUPT;
    atomic_thread_fence(memory_order_seq_cst);
}
