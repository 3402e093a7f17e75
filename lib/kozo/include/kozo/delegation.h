// SPDX-License-Identifier: MIT
// Delegated sessions: a service that decides what others may do gives a client a capability for another service, for a
// while and for no more than was decided. Who decides needs no answer of the other service for that, and neither waits for
// the other: what was delegated stands in a list, in the memory that the session between the two shares.
//
// The capability is minted under a Lease of who decides, with a badge that is in the list. Its requests go through the memory and
// the completions of the session that the client has anyway, whose place the badge tells, and reach nothing but the one path.
// Its end is the Lease's, in the kernel; then it leaves the list, and the other service lets go of what was open.
#pragma once

#include <kozo/board.h>

constexpr size_t KOZO_DELEGATIONS = 16;
constexpr size_t KOZO_DELEGATION_PATH = 512; // with a final zero

struct kozo_delegation {
    uint64_t
        badge; // of the capability; 0: this place is free. It is written last, and cleared first
    uint64_t client;                 // the badge of the client's own session
    uint64_t writable;               // 1: to be changed too
    char path[KOZO_DELEGATION_PATH]; // from the top of the service
};

struct kozo_delegations {
    uint64_t ended; // how many so far
    struct kozo_delegation delegation[KOZO_DELEGATIONS];
};
