// SPDX-License-Identifier: MIT
// Where the kernel's log stands, by the capability `audit`: the record tells it now and then, so that each of the two vouches for the
// other (joined.h).
#pragma once

#include "joined.h"

// Both rings as they are now. False without the capability.
[[nodiscard]] bool kernel_log_read(struct policy_kernel_ring ring[POLICY_KERNEL_RINGS]);
