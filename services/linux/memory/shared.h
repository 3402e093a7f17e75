// SPDX-License-Identifier: MIT
// Anonymous memory that is shared over forks: a file without a name, that holds nothing but pages.
#pragma once

#include <stdint.h>

struct file;

// Counted once; null when memory is used up.
[[nodiscard]] struct file *shared_make(uint64_t size);
