// SPDX-License-Identifier: MIT
// A lease: a command that runs under sudo, with all that descends from it. What they are refused is asked for under the lease, and what
// is given then ends with the last of them: the host takes it back, as by a revocation.
//
//   made ──▶ counted by its processes ──▶ over, when something was asked for under it ──▶ the host has seen to it
//
// Who learns that a command has ended finds nothing of its lease left: a call that ends later than the command waits for the host.
#pragma once

#include <stdint.h>

struct lease {
    struct lease *outer; // of a sudo under which this one was called; counted
    struct lease *next;  // among those that are over
    uint64_t number;     // by which the host knows it; 0: nothing was asked for under it
    uint32_t count;
    bool told; // the host knows that it is over
};

// From now on `over` is called, which must not wait, when one is over and there is somebody to be told.
void leases_begin(void (*over)(void));

// One that is counted once. Null: no memory.
[[nodiscard]] struct lease *lease_make(struct lease *outer);
// Null is no lease.
void lease_keep(struct lease *lease);
// Does not wait.
void lease_drop(struct lease *lease);

// The next one of which the host is to be told that it is over; 0: none. It is taken for told then.
[[nodiscard]] uint64_t lease_to_tell(void);
// The host has seen to the end of one. Nothing when that is no such number. Does not wait.
void lease_seen_to(uint64_t number);

// Whether some are over that the host has not seen to yet, and waiting for those that are so now.
extern uint32_t leases_over;
void leases_settle(void);
