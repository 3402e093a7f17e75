// SPDX-License-Identifier: MIT
// What a run with --scratch changed in its layer, as KOZO tells it at the end: paths, each ended by a zero byte. The person is told
// that it is gone, and a proposed profile names it. It is as little trusted as all that the guest says.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "../../lib/policy/place.h"
#include "told.h"

constexpr size_t CHANGED_LINES = 8; // that a person is shown

// The permission to change the next path from a place on, which moves behind it. False when there is no further one that could be
// written as a permission.
[[nodiscard]] bool changed_next(const struct told *changed, size_t *at,
                                struct policy_permission *permission);

// Tells the person, on standard error. Gives how many paths there were.
size_t changed_tell(const struct told *changed);
