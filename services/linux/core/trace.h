// SPDX-License-Identifier: MIT
// Tracing: each call of each thread as a line, like strace's.
#pragma once

#include "call.h"

// Carries a call out and tells about it.
[[nodiscard]] int64_t trace_call(const struct call *call);
