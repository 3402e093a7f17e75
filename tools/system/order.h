// SPDX-License-Identifier: MIT
// What must hold between the programs of a description.
#pragma once

#include "read.h"

// Looks up names, puts programs behind those that they need, gives out places on boards, and
// refuses (fault and line) unknown and double names, cycles, and devices with two owners. `files`
// are the names in the initrd.
void description_order(struct description *description, char *const *files, size_t count);
