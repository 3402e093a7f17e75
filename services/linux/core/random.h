// SPDX-License-Identifier: MIT
// Random bytes that nobody can guess, seeded from the kernel's Entropy.
#pragma once

#include <stddef.h>

void random_fill(void *to, size_t size);
