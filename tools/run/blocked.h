// SPDX-License-Identifier: MIT
// What a run was refused, as KOZO tells it at the end: records `KIND COUNT PATH`, each ended by a zero
// byte. It becomes lines of English for the person, and is as little trusted as all that the guest says.
//
// KIND is r for a file that was looked for or read, w for one that was to be changed, and o for one that
// programs look for and do without; of those nothing is said.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "../../lib/policy/place.h"
#include "told.h"

constexpr size_t BLOCKED_LINES = 8; // that a person is shown

// Tells the person, on standard error: what was refused to which program, and how to allow it. Several
// paths in one of the person's folders are one line, by the name of that folder. Gives how many paths
// there were.
size_t blocked_tell(const struct told *blocked, const char *program,
                    const struct policy_folders *folders);

// The permissions that would have allowed what was refused, as many as there is room for. Gives how many.
[[nodiscard]] size_t blocked_list(const struct told *blocked, struct policy_permission *list,
                                  size_t room);
