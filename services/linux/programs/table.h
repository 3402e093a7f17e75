// SPDX-License-Identifier: MIT
// KOZO's own Linux programs in the tree of a sandbox, as /usr/bin/NAME.
#pragma once

#include <stdint.h>

struct node;

// Puts them there. 0 or an error.
[[nodiscard]] int64_t programs_begin(void);

// Whether who executes this file begins to ask for what it is refused: it is sudo, and no copy of it.
[[nodiscard]] bool program_asks(const struct node *node);
