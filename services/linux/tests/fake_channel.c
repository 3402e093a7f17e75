// SPDX-License-Identifier: MIT
// Channels for the tests: what came from the host and what went to it lie in buffers.
#include "fake_channel.h"

#include <string.h>

struct channel {
    struct fake_channel *fake;
    struct wait_queue queue;
};

struct fake_channel fake_channels[4] = {
    {.name = "kozo.stdin"}, {.name = "kozo.stdout"}, {.name = "kozo.stderr"}, {.name = "kozo.tty"}};
static struct channel channels[4];

void fake_channels_clear(void)
{
    for (size_t i = 0; i < 4; i++) {
        const char *name = fake_channels[i].name;
        fake_channels[i] = (struct fake_channel){.name = name};
        channels[i] = (struct channel){};
    }
}

void fake_channel_changed(size_t which)
{
    (void)wait_wake(&channels[which].queue, SIZE_MAX);
}

struct channel *channel_open(const char *name)
{
    for (size_t i = 0; i < 4; i++) {
        if (strcmp(fake_channels[i].name, name) == 0 && fake_channels[i].there) {
            channels[i].fake = &fake_channels[i];
            return &channels[i];
        }
    }
    return nullptr;
}

struct channel *channel_of_parent(void)
{
    return channel_open("kozo.tty");
}

size_t channel_waiting(struct channel *channel)
{
    return channel->fake->in_last - channel->fake->in_first;
}

const uint8_t *channel_bytes(struct channel *channel)
{
    return (const uint8_t *)channel->fake->in + channel->fake->in_first;
}

void channel_drop(struct channel *channel, size_t size)
{
    channel->fake->in_first += size;
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
    return channel->fake->ended && channel_waiting(channel) == 0;
}

uint8_t *channel_space(struct channel *channel, size_t *size)
{
    struct fake_channel *fake = channel->fake;
    *size = fake->full ? 0 : sizeof fake->out - fake->out_size;
    return (uint8_t *)fake->out + fake->out_size;
}

void channel_send(struct channel *channel, size_t size)
{
    struct fake_channel *fake = channel->fake;
    const char *meanwhile = fake->meanwhile;
    fake->out_size += size;
    if (meanwhile != nullptr) {
        fake->meanwhile = nullptr;
        memcpy(fake->in + fake->in_last, meanwhile, strlen(meanwhile));
        fake->in_last += strlen(meanwhile);
        (void)wait_wake(&channel->queue, SIZE_MAX);
    }
}

size_t channel_put(struct channel *channel, const void *from, size_t size)
{
    size_t room = 0;
    uint8_t *space = channel_space(channel, &room);
    size_t part = size < room ? size : room;
    if (channel->fake->broken) {
        return 0;
    }
    memcpy(space, from, part);
    channel_send(channel, part);
    return part;
}

bool channel_is_broken(const struct channel *channel)
{
    return channel->fake->broken;
}

bool channel_is_empty(const struct channel *channel)
{
    return !channel->fake->full;
}

struct wait_queue *channel_queue(struct channel *channel)
{
    return &channel->queue;
}

void channel_settle(struct channel *channel)
{
    (void)channel;
}
