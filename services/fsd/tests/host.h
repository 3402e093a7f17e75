// SPDX-License-Identifier: MIT
// The file server in an ordinary process: sessions are memory, and the volume is either a RAM volume
// that answers in order, or whatever a test says.
#pragma once

#include <kozo/delegation.h>
#include <kozo/protocol.h>
#include <stddef.h>

constexpr size_t HOST_DATA = 1 << 18; // bytes that the client shares
constexpr size_t HOST_SESSIONS = 4;   // each has all places
constexpr size_t HOST_LIMITED = 3;    // the one of them that has a limit of what it stores
constexpr uint32_t HOST_MOST = 32;    // pages

extern uint8_t host_data[HOST_DATA];

// What a session behind these has delegated.
extern struct kozo_delegations host_list;

// What a volume answers to a request, whose memory is `data`. Null: the RAM volume answers.
typedef struct kozo_message host_volume(const struct kozo_entry *entry, uint8_t *data, size_t size);

// Starts everything anew, with so many pages for contents.
void host_start(uint32_t pages, host_volume *volume);

// From now on the volume answers so.
void host_volume_is(host_volume *volume);

constexpr uint32_t HOST_LIFE = 3; // of the file server

// From now on at most so many bytes may be taken for contents. At the start it is as many as fit.
void host_room(uint64_t size);

// Carries out a request of the client to its end, as long as the volume answers.
struct kozo_message host_call(const struct kozo_message *message);

// Begins one; it completes later, or is cancelled.
struct kozo_message host_begin(const struct kozo_message *message, uint64_t number);

// Whose requests are begun from now on; the session 0 at first.
void host_session(size_t place);

// Lets the volume answer at most so many requests.
void host_turn(size_t requests);

// From its next life on others change the volume too, and from now on it takes so long for each answer.
void host_slow(uint64_t nanoseconds);

// From now on the RAM volume gets no memory for contents, as it finds out when it is to keep some; or it does again.
void host_starve(bool starves);

// Time goes on.
void host_pass(uint64_t nanoseconds);

// The volume's service begins a new life.
void host_new_life(void);

// Requests that have completed since the start.
[[nodiscard]] size_t host_completed(void);

// What the latest of them said.
[[nodiscard]] uint32_t host_said(void);
