// SPDX-License-Identifier: MIT
// Locks on parts of files, as advice: a session that asks learns who is in the way, and reading and
// writing heed none. The locks of one session never stand in each other's way, and never overlap: a new
// one takes the place of what the session had there. They are gone when the session has closed the
// file, or has ended.
//
// Who waits for a lock waits with the file, and looks again whenever one is given back.
#pragma once

#include "node.h"

constexpr size_t LOCKS = 1024; // of all sessions

void lock_start(void);

// A session has closed the file for the last time, or, with no file named (null), has ended.
void lock_drop(size_t place, const struct node *node);
