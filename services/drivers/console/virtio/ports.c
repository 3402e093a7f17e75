// SPDX-License-Identifier: MIT
#include "ports.h"

#include <string.h>

// Features and configuration (sections 5.3.3 and 5.3.4).
constexpr uint64_t FEATURE_MULTIPORT = 1 << 1;
constexpr size_t CONFIGURATION_PORTS = 4;

// Queues (section 5.3.2): those of port 0, of messages, and from port 1 on two for each port.
constexpr uint16_t QUEUE_CONTROL_IN = 2;
constexpr uint16_t QUEUE_CONTROL_OUT = 3;
constexpr uint16_t QUEUE_PORTS = 2;
constexpr uint16_t QUEUE_SIZE = 32;

// Messages (section 5.3.6.2).
struct message {
    uint32_t port;
    uint16_t event;
    uint16_t value;
};
static_assert(sizeof(struct message) == 8);

enum event : uint16_t {
    EVENT_DEVICE_READY = 0,
    EVENT_PORT_ADD = 1,
    EVENT_PORT_REMOVE = 2,
    EVENT_PORT_READY = 3,
    EVENT_PORT_OPEN = 6,
    EVENT_PORT_NAME = 7,
};

// Where things are in the shared memory.
constexpr size_t QUEUE_SPACE = 0x800;
constexpr size_t QUEUES = 2 + 2 * (PORTS + 1);
constexpr size_t CONTROL_IN_AT = 0x9000;
constexpr size_t CONTROL_IN_BYTES = 128;
constexpr size_t CONTROL_IN_BUFFERS = QUEUE_SIZE;
constexpr size_t CONTROL_OUT_AT = 0xa000;
constexpr size_t CONTROL_OUT_BUFFERS = QUEUE_SIZE;
constexpr size_t DATA_AT = 0x1'0000;
constexpr size_t DATA_OUT = PORT_IN_BUFFERS * PORT_IN_BYTES; // in the part of a port
constexpr size_t DATA_SPACE = DATA_OUT + PORT_OUT_BUFFERS * PORT_OUT_BYTES;
static_assert(QUEUES * QUEUE_SPACE <= CONTROL_IN_AT);
static_assert(CONTROL_IN_AT + CONTROL_IN_BUFFERS * CONTROL_IN_BYTES <= CONTROL_OUT_AT);
static_assert(CONTROL_OUT_AT + CONTROL_OUT_BUFFERS * sizeof(struct message) <= DATA_AT);
static_assert(DATA_AT + PORTS * DATA_SPACE <= PORTS_SHARED);
static_assert(PORT_IN_BUFFERS <= QUEUE_SIZE && PORT_OUT_BUFFERS <= QUEUE_SIZE);

static size_t in_buffer_at(size_t number, size_t buffer)
{
    return DATA_AT + (number - 1) * DATA_SPACE + buffer * PORT_IN_BYTES;
}

static size_t out_buffer_at(size_t number, size_t buffer)
{
    return DATA_AT + (number - 1) * DATA_SPACE + DATA_OUT + buffer * PORT_OUT_BYTES;
}

// --- Queues -------------------------------------------------------------------------------------

// Gives the device one buffer of the shared memory. There is a descriptor for each buffer, so only a
// broken queue refuses.
static void give(struct ports *ports, struct ports_queue *queue, size_t at, size_t length,
                 bool device_writes, uint64_t token)
{
    struct virtqueue_buffer buffer = {
        .physical = ports->physical + at,
        .length = (uint32_t)length,
        .device_writes = device_writes,
    };
    if (!virtqueue_add(&queue->queue, &buffer, 1, token)) {
        ports->broken = true;
        return;
    }
    queue->added = true;
}

static struct virtqueue_done take(struct ports *ports, struct ports_queue *queue)
{
    struct virtqueue_done done = virtqueue_take(&queue->queue);
    ports->broken = ports->broken || queue->queue.broken;
    return done;
}

static void ring(struct ports_queue *queue)
{
    if (queue->added && virtqueue_wants_notice(&queue->queue)) {
        virtio_ring(&queue->bell);
    }
    queue->added = false;
}

static void prepare_queue(const struct ports *ports, struct ports_queue *queue, uint16_t index)
{
    size_t at = index * QUEUE_SPACE;
    queue->index = index;
    virtqueue_begin(&queue->queue, ports->shared + at, ports->physical + at, QUEUE_SIZE);
}

static bool set_up_queue(const struct virtio_device *device, struct ports_queue *queue)
{
    if (virtio_queue_size(device, queue->index) < QUEUE_SIZE) {
        return false;
    }
    queue->bell = virtio_queue(device, queue->index, &queue->queue);
    return queue->bell.place != nullptr;
}

// --- Messages -----------------------------------------------------------------------------------

static void give_control_in(struct ports *ports, size_t buffer)
{
    give(ports, &ports->control_in, CONTROL_IN_AT + buffer * CONTROL_IN_BYTES, CONTROL_IN_BYTES,
         true, buffer);
}

// False when the device has all buffers.
static bool send(struct ports *ports, size_t number, enum event event, bool value)
{
    size_t buffer = 0;
    while (buffer < CONTROL_OUT_BUFFERS && (ports->control_busy >> buffer & 1) != 0) {
        buffer++;
    }
    if (buffer == CONTROL_OUT_BUFFERS) {
        return false;
    }
    size_t at = CONTROL_OUT_AT + buffer * sizeof(struct message);
    struct message message = {.port = (uint32_t)number, .event = event, .value = value};
    memcpy(ports->shared + at, &message, sizeof message);
    ports->control_busy |= 1U << buffer;
    give(ports, &ports->control_out, at, sizeof message, false, buffer);
    return true;
}

// Tells the device of one thing about a port; false when there is nothing left or no room.
static bool tell_one(struct ports *ports, size_t number)
{
    struct port *port = &ports->port[number];
    if (port->tell_ready) {
        port->tell_ready = !send(ports, number, EVENT_PORT_READY, true);
        return !port->tell_ready;
    }
    if (port->tell_changes == 0 || !send(ports, number, EVENT_PORT_OPEN, !port->told_open)) {
        return false;
    }
    port->told_open = !port->told_open;
    port->tell_changes--;
    return true;
}

static void tell_all(struct ports *ports)
{
    if (!ports->ready_told) {
        ports->ready_told = send(ports, 0, EVENT_DEVICE_READY, true);
    }
    for (size_t i = 1; i <= PORTS; i++) {
        while (tell_one(ports, i)) {
        }
    }
}

static bool has_to_tell(const struct ports *ports)
{
    for (size_t i = 1; i <= PORTS; i++) {
        if (ports->port[i].tell_ready || ports->port[i].tell_changes > 0) {
            return true;
        }
    }
    return false;
}

static void forget_port(struct port *port)
{
    port->exists = false;
    port->host_open = false;
    port->tell_ready = false;
    port->tell_changes = 0;
    port->told_open = false;
    port->name_length = 0;
}

static void set_name(struct port *port, const uint8_t *name, size_t length)
{
    while (length > 0 && name[length - 1] == 0) {
        length--;
    }
    port->name_length = 0;
    if (length <= PORT_NAME) {
        memcpy(port->name, name, length);
        port->name_length = (uint8_t)length;
    }
}

// One message of the device, in private memory. What it says of ports that can't be used, or at the
// wrong time, is passed over.
static void hear(struct ports *ports, const uint8_t *bytes, size_t length)
{
    struct message message;
    if (length < sizeof message) {
        return;
    }
    memcpy(&message, bytes, sizeof message);
    if (message.port == 0 || message.port > PORTS || !ports->port[message.port].usable) {
        return;
    }
    struct port *port = &ports->port[message.port];
    if (message.event == EVENT_PORT_ADD) {
        port->tell_ready = port->tell_ready || !port->exists;
        port->exists = true;
    } else if (message.event == EVENT_PORT_REMOVE) {
        forget_port(port);
    } else if (message.event == EVENT_PORT_OPEN && port->exists) {
        port->host_open = message.value != 0;
    } else if (message.event == EVENT_PORT_NAME && port->exists) {
        set_name(port, bytes + sizeof message, length - sizeof message);
    }
}

static void take_messages(struct ports *ports)
{
    // What the device is done with first: its answers to that are there by now.
    struct virtqueue_done done = take(ports, &ports->control_out);
    while (done.is_done) {
        ports->control_busy &= ~(1U << done.token);
        done = take(ports, &ports->control_out);
    }
    done = take(ports, &ports->control_in);
    while (done.is_done) {
        uint8_t bytes[CONTROL_IN_BYTES];
        memcpy(bytes, ports->shared + CONTROL_IN_AT + done.token * CONTROL_IN_BYTES, done.written);
        hear(ports, bytes, done.written);
        give_control_in(ports, done.token);
        done = take(ports, &ports->control_in);
    }
}

// --- Contents -----------------------------------------------------------------------------------

static void give_in(struct ports *ports, size_t number, size_t buffer)
{
    give(ports, &ports->port[number].in, in_buffer_at(number, buffer), PORT_IN_BYTES, true, buffer);
}

static void take_in(struct ports *ports, size_t number)
{
    struct port *port = &ports->port[number];
    struct virtqueue_done done = take(ports, &port->in);
    while (done.is_done) {
        if (port->open && done.written > 0) {
            size_t place = (port->first + port->pieces++) % PORT_IN_BUFFERS;
            port->piece[place] = (struct port_piece){(uint8_t)done.token, done.written};
        } else {
            give_in(ports, number, done.token);
        }
        done = take(ports, &port->in);
    }
}

static void take_out(struct ports *ports, size_t number)
{
    struct port *port = &ports->port[number];
    struct virtqueue_done done = take(ports, &port->out);
    while (done.is_done) {
        size_t buffer = done.token % PORT_OUT_BUFFERS;
        port->out_busy &= ~(1U << buffer);
        port->taken += done.token / PORT_OUT_BUFFERS; // bytes that were in it
        done = take(ports, &port->out);
    }
}

size_t ports_take(struct ports *ports, size_t number, uint8_t *bytes, size_t most)
{
    struct port *port = &ports->port[number];
    size_t done = 0;
    while (done < most && port->pieces > 0) {
        struct port_piece piece = port->piece[port->first];
        size_t left = piece.length - port->used;
        size_t count = left < most - done ? left : most - done;
        const uint8_t *from = ports->shared + in_buffer_at(number, piece.buffer) + port->used;
        memcpy(bytes + done, from, count);
        done += count;
        port->used += count;
        if (port->used == piece.length) {
            port->used = 0;
            port->first = (port->first + 1) % PORT_IN_BUFFERS;
            port->pieces--;
            give_in(ports, number, piece.buffer);
        }
    }
    return done;
}

bool ports_ended(const struct ports *ports, size_t number)
{
    return !ports->port[number].host_open && ports->port[number].pieces == 0;
}

size_t ports_put(struct ports *ports, size_t number, const uint8_t *bytes, size_t length)
{
    struct port *port = &ports->port[number];
    size_t done = 0;
    for (size_t i = 0; i < PORT_OUT_BUFFERS && done < length; i++) {
        if ((port->out_busy >> i & 1) != 0) {
            continue;
        }
        size_t count = length - done < PORT_OUT_BYTES ? length - done : PORT_OUT_BYTES;
        size_t at = out_buffer_at(number, i);
        memcpy(ports->shared + at, bytes + done, count);
        port->out_busy |= 1U << i;
        give(ports, &port->out, at, count, false, count * PORT_OUT_BUFFERS + i);
        done += count;
    }
    port->given += done;
    return done;
}

// --- The whole ----------------------------------------------------------------------------------

static uint32_t read_port_count(const struct virtio_device *device)
{
    return *(const volatile uint32_t *)(device->device + CONFIGURATION_PORTS);
}

void ports_prepare(struct ports *ports, uint8_t *shared, uint64_t physical, size_t count)
{
    *ports = (struct ports){.shared = shared, .physical = physical};
    memset(shared, 0, DATA_AT);
    prepare_queue(ports, &ports->control_in, QUEUE_CONTROL_IN);
    prepare_queue(ports, &ports->control_out, QUEUE_CONTROL_OUT);
    for (size_t i = 1; i <= PORTS && i < count; i++) {
        uint16_t first = (uint16_t)(QUEUE_PORTS + 2 * i);
        prepare_queue(ports, &ports->port[i].in, first);
        prepare_queue(ports, &ports->port[i].out, first + 1);
        ports->port[i].usable = true;
    }
}

void ports_begin(struct ports *ports)
{
    for (size_t i = 0; i < CONTROL_IN_BUFFERS; i++) {
        give_control_in(ports, i);
    }
    for (size_t number = 1; number <= PORTS; number++) {
        for (size_t i = 0; i < PORT_IN_BUFFERS && ports->port[number].usable; i++) {
            give_in(ports, number, i);
        }
    }
    ports_work(ports);
}

static bool set_up_queues(struct ports *ports, const struct virtio_device *device)
{
    bool good =
        set_up_queue(device, &ports->control_in) && set_up_queue(device, &ports->control_out);
    for (size_t i = 1; i <= PORTS && good; i++) {
        struct port *port = &ports->port[i];
        good =
            !port->usable || (set_up_queue(device, &port->in) && set_up_queue(device, &port->out));
    }
    return good;
}

const char *ports_start(struct ports *ports, struct virtio_device *device, uint8_t *shared,
                        uint64_t physical)
{
    if (!virtio_start(device, FEATURE_MULTIPORT)) {
        return "the console does not start";
    }
    if ((device->features & FEATURE_MULTIPORT) == 0) {
        return "the console has no ports";
    }
    ports_prepare(ports, shared, physical, read_port_count(device));
    if (!set_up_queues(ports, device)) {
        return "the console refuses its queues";
    }
    virtio_run(device);
    ports_begin(ports);
    return nullptr;
}

void ports_work(struct ports *ports)
{
    take_messages(ports);
    for (size_t i = 1; i <= PORTS; i++) {
        if (ports->port[i].usable) {
            take_in(ports, i);
            take_out(ports, i);
        }
    }
    bool was_told = ports->ready_told;
    tell_all(ports);
    // The host answers each message before it gives it back.
    ports->settled =
        ports->settled || (was_told && ports->control_busy == 0 && !has_to_tell(ports));
    ports_ring(ports);
}

void ports_ring(struct ports *ports)
{
    ring(&ports->control_in);
    ring(&ports->control_out);
    for (size_t i = 1; i <= PORTS; i++) {
        if (ports->port[i].usable) {
            ring(&ports->port[i].in);
            ring(&ports->port[i].out);
        }
    }
}

size_t ports_find(const struct ports *ports, const char *name, size_t length)
{
    for (size_t i = 1; i <= PORTS; i++) {
        const struct port *port = &ports->port[i];
        if (port->exists && length > 0 && port->name_length == length &&
            memcmp(port->name, name, length) == 0) {
            return i;
        }
    }
    return 0;
}

// A change that was not told yet is taken back; else one more is to be told.
static void change_open(struct port *port, bool open)
{
    port->open = open;
    bool last_told = port->told_open != (port->tell_changes % 2 != 0);
    if (open != last_told) {
        bool takes_back = port->tell_changes > 1 || (port->tell_changes == 1 && !open);
        port->tell_changes += takes_back ? -1 : 1;
    }
}

void ports_open(struct ports *ports, size_t number)
{
    change_open(&ports->port[number], true);
    tell_all(ports);
}

void ports_close(struct ports *ports, size_t number)
{
    struct port *port = &ports->port[number];
    change_open(port, false);
    while (port->pieces > 0) {
        give_in(ports, number, port->piece[port->first].buffer);
        port->first = (port->first + 1) % PORT_IN_BUFFERS;
        port->pieces--;
    }
    port->used = 0;
    tell_all(ports);
}
