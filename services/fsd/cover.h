// SPDX-License-Identifier: MIT
// Mounts below the top that the description names. Once the volume is there on which they lie, each gets its folder, which
// is made when it is missing. Who walks into that volume waits until then, so nobody sees or writes what is to be covered.
//
//   DUE ──▶ mounted
//    └────▶ not mounted, which is said in the log; so are those that lie on it
//
// When the volume below ends meanwhile, it begins anew with the next life. The person may mount by hand what was refused.
#pragma once

#include "volume.h"

// Puts the volumes that are due on this one, which is ready, in their places.
void cover_begin(struct volume *volume);

// Whether a folder, null for the top, may be covered: OK; SLOT_TAKEN for the root of a volume; BAD_TYPE for what is no folder;
// NO_RIGHT on a volume that others change too.
[[nodiscard]] enum kozo_error cover_check(const struct node *folder);
