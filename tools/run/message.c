// SPDX-License-Identifier: MIT
// A line is composed first and then written in one go, so that lines of several processes that
// share a standard error never mix.
#include "message.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

constexpr size_t LINE_SIZE = 1024;

void message(const char *format, ...)
{
    char text[LINE_SIZE];
    char line[LINE_SIZE + 16];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    int length = snprintf(line, sizeof line, "kozo: %s\n", text);
    // Standard error may be closed; nobody is left to be told.
    if (length > 0 && write(STDERR_FILENO, line, (size_t)length) < 0) {
        return;
    }
}

const char *message_escape(const char *text, size_t length, char *out, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    size_t used = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        bool plain = byte >= 0x20 && byte < 0x7f;
        size_t need = plain ? 1 : 4;
        if (used + need >= size) {
            break;
        }
        if (plain) {
            out[used++] = (char)byte;
        } else {
            out[used++] = '\\';
            out[used++] = 'x';
            out[used++] = digits[byte >> 4];
            out[used++] = digits[byte & 15];
        }
    }
    out[used] = '\0';
    return out;
}
