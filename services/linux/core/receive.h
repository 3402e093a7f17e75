// SPDX-License-Identifier: MIT
// Where a capability goes that comes with the answer of a service. linuxd takes one only where it asked for it.
#pragma once

#include <stdint.h>

// Names an empty slot for the capability of the next answer; 0 when there is none.
[[nodiscard]] uint64_t receive_begin(void);

// No more: what came is in the slot, and the caller's.
void receive_end(void);

// Deletes a capability that came, if any did, and gives its slot back.
void receive_drop(uint64_t slot);
