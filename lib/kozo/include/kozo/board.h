// SPDX-License-Identifier: MIT
// The board of a service: memory that it shares with init, so that the two never wait for each
// other. init says on it which sessions there are and asks for signs of life; the service gives
// those and leaves its log there, which so survives it.
//
// The first page is written by init and only read by the service; the second and the log are
// written by the service; then come the pages of the sessions. init believes nothing on it further
// than that it is a number.
//
// A session is known by its badge, which tells its place in the lowest 16 bits. A badge that is no
// longer on the board belongs to a client that is gone: that is how its death is seen. The service
// then forgets the session, and says so in `seen`; init uses the place anew only after that.
#pragma once

#include <kozo/session.h>

constexpr size_t KOZO_BOARD_SESSIONS = 60; // most of them; most boards have fewer
constexpr size_t KOZO_BOARD_LOG = 8192;
constexpr uint64_t KOZO_BADGE_PLACE = 0xffff;
constexpr uint64_t KOZO_BADGE_FAULT = 1 << 16;     // beside a session's: a fault of its client
constexpr uint64_t KOZO_BADGE_DELEGATED = 1 << 17; // beside a place: a session within that one
constexpr uint64_t KOZO_BADGE_LEAST = 1ul << 32;   // smaller badges are signals

// Signals that a service receives.
constexpr uint64_t KOZO_SIGNAL_BOARD = 1 << 0;   // from init: look at the board
constexpr uint64_t KOZO_SIGNAL_ARRIVAL = 1 << 1; // from clients: look at the sessions
constexpr uint64_t KOZO_SIGNAL_INPUT = 1 << 2;   // from init: something was typed for this program
constexpr uint64_t KOZO_SIGNAL_USES = 1 << 8;    // from the first service that it uses, and up
constexpr uint64_t KOZO_SIGNAL_INTERRUPT = 1 << 16; // its first interrupt, and up

struct kozo_board {
    alignas(KOZO_PAGE_SIZE) uint64_t asked;  // for a sign of life, so often
    uint64_t sessions;                       // places there are
    uint64_t pressed;                        // how often memory has run short
    uint64_t badge[KOZO_BOARD_SESSIONS];     // of the session in each place, 0 for none
    uint64_t data[KOZO_BOARD_SESSIONS];      // where the bulk data of each place is
    uint64_t data_size[KOZO_BOARD_SESSIONS]; // bytes of it, 0 for none
    uint64_t limit[KOZO_BOARD_SESSIONS];     // pages of memory for a client whose faults it answers
    uint64_t may[KOZO_BOARD_SESSIONS];       // for the device manager: which device each may claim
    alignas(KOZO_PAGE_SIZE) uint64_t beat;   // the last `asked` that was seen
    uint64_t seen[KOZO_BOARD_SESSIONS];      // the badges that the service knows
    uint64_t logged;                         // bytes that ever went into the log
    alignas(KOZO_PAGE_SIZE) char log[KOZO_BOARD_LOG]; // the latest of them
};
static_assert(sizeof(struct kozo_board) == 4 * KOZO_PAGE_SIZE);

// The page of a session.
[[nodiscard]]
static inline struct kozo_session_page *kozo_board_session(struct kozo_board *board, size_t place)
{
    return (struct kozo_session_page *)((uint8_t *)(board + 1) + place * KOZO_PAGE_SIZE);
}

// Puts text into the log, over the oldest when it is full.
void kozo_board_log(struct kozo_board *board, const char *text, size_t length);
