// SPDX-License-Identifier: MIT
// The file server in an ordinary process: sessions are memory, and the volume is either a RAM volume
// that answers in order, or whatever a test says.
#pragma once

#include <kozo/protocol.h>
#include <stddef.h>

constexpr size_t HOST_DATA = 1 << 18; // bytes that the client shares

extern uint8_t host_data[HOST_DATA];

// What a volume answers to a request, whose memory is `data`. Null: the RAM volume answers.
typedef struct kozo_message host_volume(const struct kozo_entry *entry, uint8_t *data, size_t size);

// Starts everything anew, with so many pages for contents.
void host_start(uint32_t pages, host_volume *volume);

// Carries out a request of the client to its end, as long as the volume answers.
struct kozo_message host_call(const struct kozo_message *message);

// Begins one; it completes later, or is cancelled.
struct kozo_message host_begin(const struct kozo_message *message, uint64_t number);

// Lets the volume answer at most so many requests.
void host_turn(size_t requests);

// Time goes on.
void host_pass(uint64_t nanoseconds);

// The volume's service begins a new life.
void host_new_life(void);

// Requests that have completed since the start.
[[nodiscard]] size_t host_completed(void);
