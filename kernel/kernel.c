// SPDX-License-Identifier: MIT
// The one piece of mutable state that the kernel owns from the start.
#include "kernel.h"

alignas(KOZO_SLOT_SIZE) struct kernel kernel;
