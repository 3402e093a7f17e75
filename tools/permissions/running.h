// SPDX-License-Identifier: MIT
// Runs that are going on, for the person at another terminal. Each gives an exit status.
#pragma once

// What each of them was given, with numbers by which it can be taken back: RUN/NUMBER.
[[nodiscard]] int running_list(void);

// Takes back RUN/NUMBER, or a permission by its name from each run that has it.
[[nodiscard]] int running_revoke(const char *what);

// Says whether a run may do what a name allows, and why; without a run, of each.
[[nodiscard]] int running_why(const char *run, const char *name);

// Gives a run a permission: `how` is close, hour, restart, always, or m and a number of minutes.
[[nodiscard]] int running_give(const char *run, const char *name, const char *how);
