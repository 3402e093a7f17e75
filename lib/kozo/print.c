// SPDX-License-Identifier: MIT
#include <kozo/print.h>

#include <kozo/board.h>
#include <kozo/format.h>
#include <kozo/protocol.h>
#include <kozo/start.h>
#include <string.h>

void kozo_write(const char *text, size_t length)
{
    constexpr struct kozo_endpoint parent = {KOZO_PROCESS_PARENT};
    struct kozo_board *board = (struct kozo_board *)kozo_process_info()->board;
    if (board != nullptr) {
        kozo_board_log(board, text, length);
        return;
    }
    while (length > 0) {
        size_t part = length < KOZO_PROCESS_WRITE_TEXT_MAX ? length : KOZO_PROCESS_WRITE_TEXT_MAX;
        if (kozo_process_write(parent, text, part) != KOZO_OK) {
            return;
        }
        text += part;
        length -= part;
    }
}

void kozo_print(const char *text)
{
    kozo_write(text, strlen(text));
}

void kozo_printf(const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    size_t length = kozo_format_list(text, sizeof text, format, arguments);
    va_end(arguments);
    kozo_write(text, length < sizeof text ? length : sizeof text - 1);
}
