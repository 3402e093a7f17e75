// SPDX-License-Identifier: MIT
// The errors of Linux. The numbers are those of the C library's own header, which has them from Linux; they are
// given to programs as negative results.
#pragma once

#include <errno.h>
#include <stdint.h>

constexpr int64_t ERROR_MOST = 4095; // results from -4095 on are errors
