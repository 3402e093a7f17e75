// SPDX-License-Identifier: MIT
// What the parts of the file server share: its clock, its limits, and the way to and from clients.
#pragma once

#include <kozo/protocol.h>
#include <stddef.h>

constexpr size_t VOLUMES_MOST = 8;
constexpr uint64_t MOMENT =
    1'000'000'000; // ns for which what a shared volume tells is believed, at least

// Nanoseconds since the start, as of the last event.
[[nodiscard]] uint64_t fsd_now(void);

// Nanoseconds since 1970, or since the start as long as the date is not known.
[[nodiscard]] uint64_t fsd_date(void);

// Finds and runs the handler of a request.
[[nodiscard]] struct kozo_message fsd_dispatch(struct kozo_caller *caller,
                                               const struct kozo_message *message);

// Answers a request that waited.
void fsd_complete(size_t place, uint64_t number, const struct kozo_message *answer);

// Says in the log that a volume is not mounted at its path, and why.
void fsd_say_refused(const char *volume, const char *path, const char *reason);

// Whether a session of the board is there, by its badge.
[[nodiscard]] bool fsd_knows(uint64_t badge);

// Whether a service is down, and will not answer.
[[nodiscard]] bool fsd_is_down(const char *service);

// A part of the memory that a session shares; null when it is not wholly inside.
[[nodiscard]] uint8_t *fsd_data(size_t place, uint64_t at, uint64_t length);
