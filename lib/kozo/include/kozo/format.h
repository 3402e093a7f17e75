// SPDX-License-Identifier: MIT
// Text from numbers and words, without floating point and without memory of its own.
//
// Understood: %% %c %s %d %u %x, with the lengths l, ll and z, the flags - and 0, a width and, for
// %s, a precision; * takes width or precision from an argument. Anything else is copied as it is.
#pragma once

#include <stdarg.h>
#include <stddef.h>

// Writes at most `size` bytes with the final zero, always one when size is not 0. Gives the length
// that the whole text has, so a result of `size` or more says that it was cut.
[[gnu::format(printf, 3, 4)]]
size_t kozo_format(char *buffer, size_t size, const char *format, ...);

[[gnu::format(printf, 3, 0)]]
size_t kozo_format_list(char *buffer, size_t size, const char *format, va_list arguments);
