// SPDX-License-Identifier: MIT
// A stream of bytes to the host and from it: standard input and output of a program that the host started, its terminal, and the
// channel on which linuxd itself is told what to do. Nothing here waits; the queue tells when something has changed.
#pragma once

#include "../core/strand.h"

#include <stddef.h>
#include <stdint.h>

struct channel;

// Opens the session with the service of channels; false when there is none.
[[nodiscard]] bool channels_open(const char *session);

// Opens a channel by the name that the host gave it; null when there is none, or somebody else has it. May wait.
[[nodiscard]] struct channel *channel_open(const char *name);

// The terminal of whoever started this sandbox at the prompt and waits for it; null when nobody does, or there is no terminal.
[[nodiscard]] struct channel *channel_of_parent(void);
// A bell rang: something may have come on that one.
void channels_rung(uint64_t bits);

// Takes bytes that have come; how many. With 0 either nothing has come yet, or nothing will: channel_ended.
[[nodiscard]] size_t channel_take(struct channel *channel, void *to, size_t size);
// Bytes that can be taken; where they lie, and that they were used.
[[nodiscard]] const uint8_t *channel_bytes(struct channel *channel);
void channel_drop(struct channel *channel, size_t size);
[[nodiscard]] size_t channel_waiting(struct channel *channel);
// The host has closed it, and all that came was taken.
[[nodiscard]] bool channel_ended(struct channel *channel);

// Puts bytes on their way; how many there was room for.
[[nodiscard]] size_t channel_put(struct channel *channel, const void *from, size_t size);
// The room for bytes as it is, to be filled and then sent; `size` is 0 while there is none. Nothing else may be put meanwhile.
[[nodiscard]] uint8_t *channel_space(struct channel *channel, size_t *size);
void channel_send(struct channel *channel, size_t size);
// The host takes no more bytes.
[[nodiscard]] bool channel_is_broken(const struct channel *channel);
// All that was put is with the host, or lost.
[[nodiscard]] bool channel_is_empty(const struct channel *channel);

[[nodiscard]] struct wait_queue *channel_queue(struct channel *channel);

// Waits until all is with the host.
void channel_settle(struct channel *channel);
