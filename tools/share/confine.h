// SPDX-License-Identifier: MIT
// The file server needs few of Linux's system calls, none that makes a process, a connection or a
// privilege, and no file but those in the granted places. It gives up all others before it reads the
// first byte of a guest, so that taking it over gains nothing that was not granted.
#pragma once

#include <stddef.h>

#include "place.h"

// Allows this process nothing but what serving these places takes, for good. Where Linux has no Landlock,
// any file that the person may open could still be opened by its name. False: Linux refuses.
[[nodiscard]] bool confine(const struct place *places, size_t count);
