// SPDX-License-Identifier: MIT
// The conversation with the host's file server, by whose messages requests are carried out (request.h).
//
//   request ──▶ job: message ──▶ answer ──▶ message ──▶ answer ──▶ completed
//                 └── waits while there is no room for the message, or another job opens the file
//
// And the conversation itself:
//
//   SILENT ── greeting ──▶ ASKED (version, root) ──▶ READY
//      ▲                      └─────────┴── the host lies, or greets anew, or is lost
//      └── all jobs fail, all nodes are gone
//
// A job is found by the tag of its messages, a node by its number; nothing keeps a pointer to either
// over a wait. Nothing in this folder but main.c makes a system call.
#pragma once

#include <kozo/protocol.h>
#include <stddef.h>

#include "nine.h"

constexpr size_t SHARE_DATA = 0x10000;              // most bytes of contents in a message
constexpr size_t SHARE_MESSAGE = SHARE_DATA + 0x80; // most bytes of a message

// What carries it.
struct share_link {
    // Where a message of at most `size` bytes is to be put. Null: there is no room now.
    uint8_t *(*room)(size_t size);
    // A message of this size was put there.
    void (*put)(size_t size);
    // Completes a request.
    void (*complete)(size_t place, uint64_t number, const struct kozo_message *answer);
    // Memory that a session shares; null when it is not wholly inside.
    uint8_t *(*data)(size_t place, uint64_t at, uint64_t length);
};

// Begins in silence. The link must outlive it.
void share_start(const struct share_link *link);

// The conversation is lost: what was under way fails, and the next bytes are those of a greeting.
void share_lose(void);

// Takes bytes of the host. False: it breaks the rules, and is to be met anew.
[[nodiscard]] bool share_take(const uint8_t *bytes, size_t length);

[[nodiscard]] bool share_is_ready(void);

// There may be room now for messages that waited.
void share_work(void);
