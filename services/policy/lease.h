// SPDX-License-Identifier: MIT
// The kernel's part of delegating: for each place in the list of what is delegated (kozo/delegation.h) memory for one Lease, and the
// capability for the file server that is under it. All memory and slots are taken at the start, so none can be short later. What is
// under a Lease ends with it, wherever it was copied to; and all Leases end with this process.
#pragma once

#include <kozo/delegation.h>

// Until when, and for how much.
struct lease_terms {
    uint64_t seconds; // 0: without an end
    uint64_t uses;    // requests; 0 for any number
};

// Makes what there will be need of; `service` is the file server's name, null when nothing can be delegated.
void lease_start(const char *service);

// Whether capabilities can be delegated at all.
[[nodiscard]] bool lease_is_possible(void);

// The list; null while the file server was never there.
[[nodiscard]] struct kozo_delegations *lease_list(void);

// Opens a Lease, and mints a capability under it. NO_REPLY, and nothing is made, when the file server is down.
[[nodiscard]] enum kozo_error lease_make(size_t number, struct lease_terms terms, uint64_t badge);

// The slot of that capability.
[[nodiscard]] uint64_t lease_capability(size_t number);

[[nodiscard]] bool lease_is_open(size_t number);

// Ends it: whoever has a capability under it is told EXPIRED from now on.
void lease_close(size_t number);

// Takes the capabilities under it away, and makes its memory free.
void lease_forget(size_t number);

// Lets the file server look at the list.
void lease_tell(void);
