// SPDX-License-Identifier: MIT
// A session with another service, as strands use it: a request that is not answered at once is waited for on its strand, or somebody
// is told when it completes. When the service begins a new life, what was under way completes as NO_REPLY.
//
// The session's memory for bulk data is cut into pieces of one size.
#pragma once

#include "../core/strand.h"

#include <kozo/session.h>

// A request under way. It lives with whoever waits for it.
struct pending {
    struct pending *next;
    uint64_t number; // 0: none is under way
    uint32_t life;   // of the service, when it was asked
    struct kozo_entry entry;
    // Called with the completion in `entry`; null: the strand that waits in port_wait goes on.
    void (*completed)(struct pending *pending);
};

constexpr size_t PORT_PIECES_MOST = 64;

struct port {
    struct kozo_session session;
    struct pending *first;
    struct wait_queue completions;
    struct wait_queue free_pieces;
    uint64_t free; // a bit for each piece
    size_t piece_size;
    bool open;
};

// Opens a session by its name in the system's description; false when there is none, or it shares less than a piece.
[[nodiscard]] bool port_open(struct port *port, const char *name, size_t piece_size);

// Which life of the service this is; 0 while it is down.
[[nodiscard]] uint32_t port_life(const struct port *port);

// A request was answered with PENDING: notes who is to learn of its completion.
void port_note(struct port *port, struct pending *pending, uint64_t number);

// Waits for that. Signals do not break it off.
[[nodiscard]] struct kozo_entry port_wait(struct port *port, uint64_t number);

// A request was refused because so many are under way that there is no room for its completion: waits until one of those that are waited
// for on a strand has come. False when there is none.
[[nodiscard]] bool port_wait_any(struct port *port);

// A piece of the session's memory, as an offset in it; waits when there is none.
[[nodiscard]] uint64_t port_piece_take(struct port *port);
void port_piece_give(struct port *port, uint64_t at);

// Looks at the completions of all ports: called from the loop when a bell rang.
void ports_rung(uint64_t bits);
