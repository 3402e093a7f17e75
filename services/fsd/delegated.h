// SPDX-License-Identifier: MIT
// Delegated sessions: places that the policy service gives clients of this one for a while (kozo/delegation.h). One is taken up when
// it is first used, and let go of when it has left the list, its client has gone, or who delegated it has: everything that was
// open in it is closed, what waits answers EXPIRED, and memory that was lent is taken back. A new life of this service finds
// the list as it is.
#pragma once

#include "place.h"

// Finds in the description whose session has the list.
void delegated_start(const struct kozo_system *system, const char *service);

// The number of the session that a badge is for; 0 when there is none, or none any more.
[[nodiscard]] size_t delegated_find(uint64_t badge);

// Lets go of those that have left the list.
void delegated_look(void);

// A session of the board has ended: lets go of those within it, or of all when it was the one with the list.
void delegated_drop(size_t place);
