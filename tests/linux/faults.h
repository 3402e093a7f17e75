// SPDX-License-Identifier: MIT
// What touching memory, or running it, comes to.
#pragma once

#include "test.h"

// The particulars of the last fault.
extern siginfo_t seen;

// The signal that touching an address causes; 0 for none.
int fault_of(volatile char *address, bool write);
// The same of running what is there.
int fault_of_call(int (*code)(void));
