// SPDX-License-Identifier: MIT
// Output of a program: through its parent, or, for a service, into the log on its board. A parent
// that does not listen makes no error here: there is nobody to tell.
#pragma once

#include <stddef.h>

void kozo_write(const char *text, size_t length);
void kozo_print(const char *text);

// Formats as kozo_format does. Text beyond 512 bytes is cut.
[[gnu::format(printf, 1, 2)]]
void kozo_printf(const char *format, ...);
