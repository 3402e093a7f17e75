// SPDX-License-Identifier: MIT
// /sys, as far as programs look at it: processors, and folders that they find empty.
#pragma once

#include "node.h"

[[nodiscard]] struct node *sys_system(void);
