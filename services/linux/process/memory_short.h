// SPDX-License-Identifier: MIT
// What happens when the sandbox's memory is used up.
#pragma once

// Ends the process that uses most, so that the others can go on. The calling thread's turn ends; if it was not its process,
// it tries again.
void memory_is_short(void);
