// SPDX-License-Identifier: MIT
// How a sandbox begins: the tree of names that it sees, and the first descriptors.
//
// The root is private RAM that stands for the host's files: what is not there is refused (refusal.h). Places of the host are
// mounted into it as the start record says. /tmp, /var/tmp, /run and /dev/shm are private RAM that only hold what the programs put there.
#pragma once

#include "descriptors.h"
#include "path.h"
#include "terminal.h"

// Makes the tree without any place of the host yet. `of_host`: the root stands for the host's, and what is not there is refused;
// otherwise it is just not there. 0 or -ENOMEM.
[[nodiscard]] int64_t tree_begin(bool of_host);

// Values of the records of the same names (docs/control.md): path, tab, name of the place, tab, `ro` or `rw`; path, tab, target; path.
// 0 or an error.
[[nodiscard]] int64_t tree_mount(const char *value);
[[nodiscard]] int64_t tree_link(const char *value);
// An empty private folder with all above it.
[[nodiscard]] int64_t tree_folder(const char *path);

// Puts descriptors 0, 1 and 2 into a table: those whose digits are in `terminal` on the main terminal, the others on the
// host's channels of these names; /dev/null where there is no such channel. Called on behalf of the first process.
[[nodiscard]] int64_t descriptors_begin(const char *terminal, uint16_t rows, uint16_t columns);

// The main terminal; null when there is none.
[[nodiscard]] struct terminal *begin_terminal(void);

// Forgets channels and terminal, for the end of tests.
void descriptors_forget(void);

// Waits until the host has all that was written.
void descriptors_settle(void);
