// SPDX-License-Identifier: MIT
#include "device.h"

#include <string.h>

constexpr uint16_t SIZE = 32; // of each queue
constexpr size_t SPACE = 0x800;
constexpr size_t AVAILABLE = 16 * (size_t)SIZE;
constexpr size_t USED = 16 * (size_t)SIZE + 2 * (3 + (size_t)SIZE) + 2;
constexpr size_t QUEUES = 18;

alignas(16) static uint8_t memory[PORTS_SHARED];
static uint16_t taken[QUEUES]; // buffers of each queue
static uint16_t bell_register;
struct device_message device_message[DEVICE_MESSAGES];

uint16_t device_in(size_t port)
{
    return (uint16_t)(2 + 2 * port);
}

uint16_t device_out(size_t port)
{
    return (uint16_t)(3 + 2 * port);
}

static uint8_t *queue_at(uint16_t queue)
{
    return memory + queue * SPACE;
}

static uint16_t get16(const uint8_t *at)
{
    uint16_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static void put16(uint8_t *at, uint16_t value)
{
    memcpy(at, &value, sizeof value);
}

static void set_bells(struct ports *ports)
{
    const struct virtio_bell bell = {.place = (uint8_t *)&bell_register};
    ports->control_in.bell = bell;
    ports->control_out.bell = bell;
    for (size_t i = 1; i <= PORTS; i++) {
        ports->port[i].in.bell = bell;
        ports->port[i].out.bell = bell;
    }
}

void device_start(struct ports *ports, size_t count)
{
    memset(memory, 0xee, sizeof memory);
    memset(taken, 0, sizeof taken);
    ports_prepare(ports, memory, DEVICE_PHYSICAL, count);
    set_bells(ports);
    ports_begin(ports);
}

struct device_buffer device_next(uint16_t queue)
{
    const uint8_t *at = queue_at(queue);
    if (get16(at + AVAILABLE + 2) == taken[queue]) {
        return (struct device_buffer){};
    }
    uint16_t head = get16(at + AVAILABLE + 4 + 2 * (size_t)(taken[queue] % SIZE));
    uint64_t physical;
    struct device_buffer buffer = {.head = head};
    memcpy(&physical, at + 16 * (size_t)head, 8);
    memcpy(&buffer.length, at + 16 * (size_t)head + 8, 4);
    buffer.writable = (get16(at + 16 * (size_t)head + 12) & 2) != 0;
    buffer.bytes = memory + (physical - DEVICE_PHYSICAL);
    taken[queue]++;
    return buffer;
}

void device_lie(uint16_t queue, uint16_t index, uint32_t head, uint32_t written)
{
    uint8_t *used = queue_at(queue) + USED;
    uint8_t *element = used + 4 + 8 * (size_t)(get16(used + 2) % SIZE);
    memcpy(element, &head, 4);
    memcpy(element + 4, &written, 4);
    put16(used + 2, index);
}

void device_done(uint16_t queue, uint32_t head, uint32_t written)
{
    const uint8_t *used = queue_at(queue) + USED;
    device_lie(queue, get16(used + 2) + 1, head, written);
}

bool device_tell(uint32_t port, uint16_t event, uint16_t value, const char *name)
{
    struct device_buffer buffer = device_next(DEVICE_CONTROL_IN);
    size_t length = strlen(name) + (name[0] != '\0' ? 1 : 0);
    if (buffer.bytes == nullptr) {
        return false;
    }
    struct device_message message = {.port = port, .event = event, .value = value};
    length = length < buffer.length - sizeof message ? length : buffer.length - sizeof message;
    memcpy(buffer.bytes, &message, sizeof message);
    memcpy(buffer.bytes + sizeof message, name, length);
    device_done(DEVICE_CONTROL_IN, buffer.head, (uint32_t)(sizeof message + length));
    return true;
}

bool device_send(size_t port, const void *bytes, size_t length)
{
    struct device_buffer buffer = device_next(device_in(port));
    if (buffer.bytes == nullptr || length > buffer.length) {
        return false;
    }
    memcpy(buffer.bytes, bytes, length);
    device_done(device_in(port), buffer.head, (uint32_t)length);
    return true;
}

size_t device_listen(void)
{
    size_t count = 0;
    for (struct device_buffer buffer = device_next(DEVICE_CONTROL_OUT);
         buffer.bytes != nullptr && count < DEVICE_MESSAGES;
         buffer = device_next(DEVICE_CONTROL_OUT)) {
        memcpy(&device_message[count++], buffer.bytes, sizeof device_message[0]);
        device_done(DEVICE_CONTROL_OUT, buffer.head, 0);
    }
    return count;
}
