// SPDX-License-Identifier: MIT
// The name of the very build that runs: a hash that the linker puts into the image.
#pragma once

#include <stddef.h>

constexpr size_t BUILD_ID_DIGITS = 40;

// Hexadecimal digits, at most BUILD_ID_DIGITS of them; an empty text when the image has none.
const char *build_id(void);
