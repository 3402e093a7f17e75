// SPDX-License-Identifier: MIT
// A fault of a program, in words.
#pragma once

#include <kozo/stubs.h>

// Describes a message of the kernel about a fault in one line, without a newline.
void fault_describe(char *text, size_t size, const struct kozo_message *message);
