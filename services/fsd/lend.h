// SPDX-License-Identifier: MIT
// Memory of the cache that clients map.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Where there are `count` free slots: for the Frames of the cache's pieces, one to pass capabilities on
// through, and the others for runs that are lent.
void lend_start(uint64_t first, size_t count);

// A session has ended: nothing is lent to it any more.
void lend_drop(size_t place);
