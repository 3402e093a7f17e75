// SPDX-License-Identifier: MIT
// Which program a session belongs to. The description of the system says it, by the place on this
// service's board; nothing that a client sends has a part in it.
#pragma once

#include <kozo/system.h>

// Takes it from the description; `service` is this service's name there.
void clients_start(const struct kozo_system *system, const char *service);

// The name of the program in a place; null when nobody can be there.
[[nodiscard]] const char *clients_name(size_t place);

// The service whose sessions this one may delegate; null when there is none.
[[nodiscard]] const char *clients_service(void);

// The badge of the session that the client in a place, by its badge here, has with that service; 0 when it has none.
[[nodiscard]] uint64_t clients_session(size_t place, uint64_t badge);

// Whether the person speaks through the program in a place.
[[nodiscard]] bool clients_is_tool(size_t place);

// A bit for each enum policy_service that this system has.
[[nodiscard]] uint32_t clients_services(void);
