// SPDX-License-Identifier: MIT
// The file server of a run: a process of its own, which can do nothing but serve the granted places
// (tools/share/confine.h).
//
//   files_begin ──▶ WAITING ── the guest opens its end: files_restart ──▶ SERVING ──▶ files_end
//                                   ▲                                        │ ▲ │
//                                   └── the guest's side began anew, or ─────┘ └─┘ the places have
//                                       the server has ended: files_ended          changed: files_change
//
// Each time that the guest opens its end, what is left of the conversation before is thrown away,
// and a new process greets it. When the places change, a new process takes the conversation over
// (tools/share/handover.h), since the old one can't be given more, nor be trusted to forget.
#pragma once

#include <sys/types.h>

#include "../share/place.h"

constexpr size_t FILES_PLACES = 64;

struct files {
    size_t count;
    struct place place[FILES_PLACES];
    int stream;    // the runner's end of the channel; -1: there are no files
    pid_t process; // 0: none
    int watch;     // a pidfd, readable when it has ended; -1: none
    int control;   // asks it to hand over; -1: none
    unsigned ends; // how often it has ended by itself
};

// Takes over the channel, which other processes may write to by now.
void files_begin(struct files *files, int stream);

// Starts the server, or starts it anew. A message was printed if it can't be.
void files_restart(struct files *files);

// The server has ended by itself, by the guest's fault or not. It starts anew, a few times.
void files_ended(struct files *files);

// The places have changed: from the return of this on nothing is served but what they are now, and what the guest
// has open by others is taken back. False: nothing that the guest has open is open any more.
[[nodiscard]] bool files_change(struct files *files);

// Nothing is served any more, until the guest opens its end anew.
void files_stop(struct files *files);

void files_end(struct files *files);
