// SPDX-License-Identifier: MIT
// Standard input and output of a program that is started at the prompt and that nobody waits for: what it writes goes to the console, and
// there is nothing to read.
#pragma once

struct file;

// Counted once; null when memory is used up.
[[nodiscard]] struct file *console_file(void);
