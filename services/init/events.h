// SPDX-License-Identifier: MIT
// Everything that init waits for comes here: messages of processes, faults, signals.
#pragma once

#include <stdint.h>

struct init;

constexpr uint64_t SIGNAL_CLOCK = 1 << 0;    // a tick of the clock
constexpr uint64_t SIGNAL_MANAGER = 1 << 1;  // a service has cleared a place on its board
constexpr uint64_t SIGNAL_TERMINAL = 1 << 2; // something is in the session of the terminal
constexpr uint64_t SIGNAL_FILES = 1 << 3;    // something is in the session with the file server

// Waits for one event and carries it out. Without a clock it looks at a polled terminal too, and may
// return without an event.
void events_wait(struct init *init);
