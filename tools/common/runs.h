// SPDX-License-Identifier: MIT
// The way to a run that is going on: each listens on a UNIX socket without a file, whose name holds the person's number and that of the
// runner's process. Nothing of it is left behind, however the run ends. Each side looks who is at the other end, since anybody on the
// machine may use such a name: only the same person is spoken with.
//
// A request is one line: `list`, `revoke NUMBER` or `revoke NAME`, `why NAME`, `grant close|mMINUTES|hour|restart|always NAME`. The answer is
// `yes` or `no` and a newline, then text for the person, up to the end.
#pragma once

#include <sys/types.h>

constexpr size_t RUNS_REQUEST = 640; // bytes of a request with its newline

// Listens for this process; -1 when that can't be.
[[nodiscard]] int runs_listen(void);

// Takes the next one who comes, without waiting; -1: nobody, or not the same person.
[[nodiscard]] int runs_accept(int listener);

// Connects to a run; -1: it has ended, or it is not the same person's.
[[nodiscard]] int runs_connect(pid_t run);

// Calls a function for each run of this person that seems to go on.
void runs_each(void (*act)(void *context, pid_t run), void *context);
