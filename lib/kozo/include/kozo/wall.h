// SPDX-License-Identifier: MIT
// The date. The service `clock` is asked once; from then on it is the clock's counter and a
// difference, without a message.
#pragma once

#include <stdint.h>

// Asks the service that this program uses under a name. False: there is none, or it knows no date.
[[nodiscard]] bool kozo_wall_open(const char *name);

// For who must not wait in a call: asks the service, and later, whenever signalled or now and then,
// takes its answer, and asks again when there will be none. False: the date is not known yet.
[[nodiscard]] bool kozo_wall_ask(const char *name);
bool kozo_wall_hear(void);

// Nanoseconds since the beginning of 1970, in UTC; 0 before kozo_wall_open.
[[nodiscard]] uint64_t kozo_wall_now(void);
