// SPDX-License-Identifier: MIT
// Tracing: each call of each thread as a line, like strace's.
#pragma once

#include "call.h"

struct signal_info;

// Tells that a thread takes a signal, and where it stood.
void trace_signal(const struct thread *thread, const struct signal_info *info, uint64_t at);

// Carries a call out and tells about it.
[[nodiscard]] int64_t trace_call(const struct call *call);
