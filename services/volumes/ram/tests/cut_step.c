// SPDX-License-Identifier: MIT
// The steps of a RAM volume, with a place to cut them off before and behind each word that is
// written, as the end of its process would.
void test_cut(void);

#define __atomic_signal_fence(order) test_cut()
// The code itself, since the macro is to be in it.
#include "../step.c" // NOLINT(bugprone-suspicious-include)
