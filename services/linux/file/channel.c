// SPDX-License-Identifier: MIT
// Channels, over a port to the service of channels. Each has two pieces of the session's memory: what has come lies in one until it is
// taken, what goes out in the other until the host has it. So one read and one write are under way at most. The terminal at the prompt is one
// that init serves: each read and each write is answered at once, and a bell tells when there is more to be read.
#include "channel.h"

#include "port.h"

#include <kozo/board.h>
#include <kozo/print.h>
#include <kozo/process_info.h>
#include <kozo/protocol.h>
#include <string.h>

constexpr size_t PIECE_BYTES = 32'768;
constexpr size_t PARENT_BYTES = 4'096;
constexpr size_t CHANNELS_MOST = 8;

struct channel {
    uint64_t number;  // 0: not in use
    uint64_t in, out; // pieces
    uint8_t *in_bytes, *out_bytes;
    size_t room;        // of each
    bool of_parent;     // without pieces
    bool rung;          // of the parent's: it is to be asked for what has come
    size_t first, last; // of the bytes that have come
    bool ended, broken;
    struct pending reading, writing;
    struct wait_queue queue;
};

static struct port port;
static struct channel channels[CHANNELS_MOST];
static struct channel *parent;

bool channels_open(const char *session)
{
    return port_open(&port, session, PIECE_BYTES);
}

static struct channel *channel_of_reading(struct pending *pending)
{
    return (struct channel *)((uint8_t *)pending - offsetof(struct channel, reading));
}

static struct channel *channel_of_writing(struct pending *pending)
{
    return (struct channel *)((uint8_t *)pending - offsetof(struct channel, writing));
}

static void came(struct channel *channel, struct kozo_channel_read_result result)
{
    bool good = result.error == KOZO_OK && result.done <= PIECE_BYTES;
    channel->first = 0;
    channel->last = good ? result.done : 0;
    channel->ended = channel->last == 0;
}

static void has_read(struct pending *pending)
{
    struct channel *channel = channel_of_reading(pending);
    came(channel, kozo_channel_read_end(&pending->entry));
    (void)wait_wake(&channel->queue, SIZE_MAX);
}

static void has_written(struct pending *pending)
{
    struct channel *channel = channel_of_writing(pending);
    channel->broken = pending->entry.label != KOZO_OK;
    (void)wait_wake(&channel->queue, SIZE_MAX);
}

// What init has. It is asked at the beginning and after each bell, until there is nothing more.
static void read_of_parent(struct channel *channel)
{
    if (!channel->rung) {
        return;
    }
    struct kozo_process_read_result result =
        kozo_process_read((struct kozo_endpoint){KOZO_PROCESS_PARENT});
    bool good = result.error == KOZO_OK && result.text_length <= channel->room;
    channel->first = 0;
    channel->last = good ? result.text_length : 0;
    channel->ended = !good;
    channel->rung = channel->last > 0;
    memcpy(channel->in_bytes, result.text, channel->last);
}

// Reads on, if nothing is there and nothing is under way.
static void read_on(struct channel *channel)
{
    if (channel->first < channel->last || channel->ended || channel->reading.number != 0) {
        return;
    }
    if (channel->of_parent) {
        read_of_parent(channel);
        return;
    }
    struct kozo_channel_read_result result =
        kozo_channel_read(port.session.service, channel->number, channel->in, PIECE_BYTES);
    if (result.pending != 0) {
        port_note(&port, &channel->reading, result.pending);
    } else {
        came(channel, result);
    }
}

static struct channel *free_channel(void)
{
    struct channel *channel = nullptr;
    for (size_t i = 0; i < CHANNELS_MOST && channel == nullptr; i++) {
        channel = channels[i].number == 0 ? &channels[i] : nullptr;
    }
    return channel;
}

struct channel *channel_open(const char *name)
{
    struct channel *channel = free_channel();
    if (channel == nullptr || !port.open) {
        return nullptr;
    }
    struct kozo_channel_find_result found =
        kozo_channel_find(port.session.service, name, strlen(name));
    if (found.pending != 0) {
        struct kozo_entry entry = port_wait(&port, found.pending);
        found = kozo_channel_find_end(&entry);
    }
    if (found.error != KOZO_OK) {
        return nullptr;
    }
    *channel = (struct channel){
        .number = found.channel,
        .in = port_piece_take(&port),
        .out = port_piece_take(&port),
        .reading.completed = has_read,
        .writing.completed = has_written,
        .room = PIECE_BYTES,
    };
    channel->in_bytes = port.session.data + channel->in;
    channel->out_bytes = port.session.data + channel->out;
    return channel;
}

struct channel *channel_of_parent(void)
{
    static uint8_t in[PARENT_BYTES], out[PARENT_BYTES];
    static_assert(KOZO_PROCESS_READ_TEXT_MAX <= PARENT_BYTES);
    struct channel *channel = free_channel();
    if (channel == nullptr) {
        return nullptr;
    }
    *channel = (struct channel){.number = UINT64_MAX,
                                .in_bytes = in,
                                .out_bytes = out,
                                .room = PARENT_BYTES,
                                .of_parent = true,
                                .rung = true};
    read_of_parent(channel);
    if (channel->ended) {
        channel->number = 0;
        return nullptr;
    }
    parent = channel;
    return channel;
}

void channels_rung(uint64_t bits)
{
    if (parent != nullptr && (bits & KOZO_SIGNAL_INPUT) != 0) {
        parent->rung = true;
        (void)wait_wake(&parent->queue, SIZE_MAX);
    }
}

size_t channel_waiting(struct channel *channel)
{
    read_on(channel);
    return channel->last - channel->first;
}

const uint8_t *channel_bytes(struct channel *channel)
{
    return channel->in_bytes + channel->first;
}

void channel_drop(struct channel *channel, size_t size)
{
    channel->first += size;
}

size_t channel_take(struct channel *channel, void *to, size_t size)
{
    size_t there = channel_waiting(channel);
    size_t part = size < there ? size : there;
    memcpy(to, channel_bytes(channel), part);
    channel_drop(channel, part);
    return part;
}

bool channel_ended(struct channel *channel)
{
    return channel_waiting(channel) == 0 && channel->ended;
}

uint8_t *channel_space(struct channel *channel, size_t *size)
{
    *size = channel->writing.number == 0 ? channel->room : 0;
    return channel->out_bytes;
}

void channel_send(struct channel *channel, size_t size)
{
    if (channel->of_parent) {
        kozo_write((const char *)channel->out_bytes, size);
        return;
    }
    struct kozo_channel_write_result result =
        kozo_channel_write(port.session.service, channel->number, channel->out, size);
    if (result.pending != 0) {
        port_note(&port, &channel->writing, result.pending);
    } else {
        channel->broken = result.error != KOZO_OK;
    }
}

size_t channel_put(struct channel *channel, const void *from, size_t size)
{
    size_t room = 0;
    uint8_t *space = channel_space(channel, &room);
    size_t part = size < room ? size : room;
    if (part == 0 || channel->broken) {
        return 0;
    }
    memcpy(space, from, part);
    channel_send(channel, part);
    return channel->broken ? 0 : part;
}

bool channel_is_broken(const struct channel *channel)
{
    return channel->broken;
}

bool channel_is_empty(const struct channel *channel)
{
    return channel->writing.number == 0;
}

struct wait_queue *channel_queue(struct channel *channel)
{
    return &channel->queue;
}

void channel_settle(struct channel *channel)
{
    while (!channel_is_empty(channel)) {
        struct wait wait = {};
        wait_enter(&wait, &channel->queue);
        (void)wait_through(NO_DEADLINE);
        wait_leave(&wait);
    }
}
