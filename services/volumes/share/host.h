// SPDX-License-Identifier: MIT
// What goes to the host, and the host's numbers for its files (9P: fids). A number that is not needed any more is
// given back by a message whose answer nobody waits for, when there is room for it.
#pragma once

#include <stdint.h>

#include "job.h"
#include "nine.h"
#include "node.h"
#include "share.h"
#include "wire.h"

constexpr uint16_t HOST_TAG_ROOT =
    JOBS; // of the message that asks for the root; a job's is its number

struct host {
    const struct share_link *link;
    bool ready;    // the conversation has begun: version and root are known
    uint32_t file; // the last number for a file of the host
    size_t data;   // most bytes of contents in a message, as agreed upon
};

extern struct host host;

// A number that stands for nothing yet.
[[nodiscard]] uint32_t host_new_file(void);

// A message of at most `most` bytes, behind its header. Its bytes are null when there is no room.
[[nodiscard]] struct wire_writer host_begin(size_t most);

// Sends it.
void host_end(struct wire_writer *out, enum nine_request type, uint16_t tag);

// Gives a number back; NINE_NO_FILE is none.
void host_close(uint32_t file);

// There may be room for more of these messages.
void host_close_more(void);

// An answer without a job came. False: it answers none of these messages.
[[nodiscard]] bool host_closed(uint16_t tag);

// Closes what a node is open by. False when that is nothing.
bool host_close_node(struct node *node);

// Gives back all that the host has of a node, and forgets the node.
void host_forget(struct node *node);

// The conversation is over, and with it all numbers.
void host_lose(void);
