// SPDX-License-Identifier: MIT
// What is around the volume in tests: a client with its memory, and a stream of messages to a host.
#pragma once

#include "share.h"

constexpr size_t CLIENT_MEMORY = 0x40000;
constexpr size_t CLIENT_STREAM = 4UL << 20;

extern uint8_t client_memory[CLIENT_MEMORY]; // of each session
extern uint8_t client_sent[CLIENT_STREAM];   // messages for the host
extern size_t client_sent_length;
extern size_t client_room; // bytes that the stream takes before it is full

// Begins anew; nobody has said anything.
void client_start(void);

// Calls a request of the volume by its label; gives its number.
uint64_t client_call(size_t place, uint32_t label, size_t words, const uint64_t *word);

// How a request went: KOZO_PENDING as long as it is not completed.
struct client_result {
    uint32_t label;
    uint64_t word[6];
};
[[nodiscard]] struct client_result client_result(uint64_t number);

// Completions that came for requests that were not under way.
extern size_t client_strays;
