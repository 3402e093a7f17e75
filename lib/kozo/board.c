// SPDX-License-Identifier: MIT
#include <kozo/board.h>

void kozo_board_log(struct kozo_board *board, const char *text, size_t length)
{
    uint64_t logged = board->logged;
    for (size_t i = 0; i < length; i++) {
        board->log[(logged + i) % KOZO_BOARD_LOG] = text[i];
    }
    __atomic_store_n(&board->logged, logged + length, __ATOMIC_RELEASE);
}
