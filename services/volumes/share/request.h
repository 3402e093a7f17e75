// SPDX-License-Identifier: MIT
// The requests of the Volume protocol: each is checked, its names are copied, and it becomes a job, whose first message is
// sent at once if there is room.
#pragma once

#include <kozo/protocol.h>
#include <stddef.h>

// Finds and runs the handler of a request.
[[nodiscard]] struct kozo_message request_serve(struct kozo_caller *caller,
                                                const struct kozo_message *message);

// Nobody waits for the request any more. False: there is no such request.
[[nodiscard]] bool request_cancel(size_t place, uint64_t number);

// A client has gone: nothing is done for it any more, and what only it knew is forgotten.
void request_left(size_t place);
