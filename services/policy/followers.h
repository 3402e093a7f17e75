// SPDX-License-Identifier: MIT
// Who waits for the record to grow: one request of each session at most.
#pragma once

#include <kozo/board.h>

// Notes a request that waits until there are more lines than it has seen. False: this session waits already.
[[nodiscard]] bool followers_add(size_t place, uint64_t number, uint64_t seen);

// Forgets a request, or whatever a session waits for (`number` 0). False: there is no such.
bool followers_drop(size_t place, uint64_t number);

// The request of a session that has waited long enough, now that there are so many lines; 0 for none. It is forgotten.
[[nodiscard]] uint64_t followers_due(size_t place, uint64_t lines);
