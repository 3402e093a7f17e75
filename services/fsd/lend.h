// SPDX-License-Identifier: MIT
// Memory of the cache that clients map.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Where the capabilities are: of the Frames of the cache, by order; a slot to pass them on through;
// and `count` slots for runs that are lent.
void lend_start(uint64_t frames, uint64_t passing, uint64_t first, size_t count);
