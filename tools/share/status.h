// SPDX-License-Identifier: MIT
// Requests about what a file is: kind, size, times, permission bits; and how much room its file system has.
#pragma once

#include "exchange.h"

[[nodiscard]] int answer_getattr(struct exchange *exchange);
[[nodiscard]] int answer_setattr(struct exchange *exchange);
[[nodiscard]] int answer_statfs(struct exchange *exchange);
