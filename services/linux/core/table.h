// SPDX-License-Identifier: MIT
// The table of all system calls, from core/calls.h.
#pragma once

#include "call.h"

#include <stddef.h>

constexpr size_t CALLS = 451; // numbers, from 0 on; some have no call

extern const struct call_entry call_table[CALLS];

// How often a call was made that is not carried out.
extern uint32_t call_unknown[CALLS];

// Carries out a call on behalf of its thread.
[[nodiscard]] int64_t call_carry_out(const struct call *call);
