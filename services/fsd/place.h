// SPDX-License-Identifier: MIT
// Which places a session has, and with which rights: what its description says, by the place on the
// board that its badge tells.
//
// A delegated session (delegated.h) has one place, and a number behind those of the board. It is part of its client's own
// session, the home: that has the memory, and what the delegated one holds counts as the home's.
//
// A walk carries a view along: how deep it is, which grants have begun with the same names, and the
// grant that it is in. The deepest grant counts. Folders above a grant can be walked through, and
// show only the way to it.
#pragma once

#include <kozo/delegation.h>
#include <kozo/system.h>

#include "node.h"

constexpr unsigned GRANTS_MOST = KOZO_SYSTEM_PATHS;
constexpr size_t PLACE_SESSIONS = KOZO_BOARD_SESSIONS + KOZO_DELEGATIONS;
constexpr uint8_t GRANT_NONE = 0xff;

enum place_right : uint8_t {
    PLACE_READ = 1,
    PLACE_WRITE = 2,
};

struct view {
    uint8_t grant;  // GRANT_NONE above all grants
    uint8_t rights; // of the grant
    uint8_t mask;   // grants that lie further down this way
    uint16_t depth; // names from the top
};

// Takes the places of all sessions from the description of this service.
void place_start(const struct kozo_system *system, const char *service);

// Gives a delegated session its one place, in a path that stays where it is.
void place_delegate(size_t session, size_t home, const char *path, bool writable);

// The session of the board that a session is, or is part of.
[[nodiscard]] size_t place_home(size_t session);

// Whether this is the session of init, for the person at the prompt.
[[nodiscard]] bool place_is_own(size_t session);

// Who pays on volumes for what the session stores, for their requests: an account for each session that has a limit. 0: it has
// none.
[[nodiscard]] uint64_t place_pays(size_t session);

// The view at the top of a session.
[[nodiscard]] struct view place_top(size_t session);

// Goes down by a name. False when nothing there is granted.
[[nodiscard]] bool place_step(size_t session, struct view *view, const char *name, size_t length);

// Whether a name shows in a folder with this view.
[[nodiscard]] bool place_shows(size_t session, const struct view *view, const char *name,
                               size_t length);

// Whether the view has just come to the beginning of its grant, below a mount.
[[nodiscard]] bool place_is_root(size_t session, const struct view *view);
