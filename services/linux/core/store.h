// SPDX-License-Identifier: MIT
// Memory for linuxd's own objects, out of the sandbox's share: a program that makes much work for linuxd pays for that
// itself, and gets ENOMEM when its share is used up. Pieces are zero when taken. On the host it is malloc, so that
// tests can let it fail.
#pragma once

#include <stddef.h>

// Null when there is no more. Up to 1 MiB.
[[nodiscard]] void *store_take(size_t size);
void store_give(void *piece, size_t size); // null is given back too
