// SPDX-License-Identifier: MIT
// How a sandbox begins: the tree of names that it sees, and the first descriptors.
//
// The root is private RAM that stands for the host's files: what is not there is refused (refusal.h). Or it is a whole system, which a
// place of the host holds. Places of the host are mounted into it as the start record says. /tmp, /var/tmp, /run and /dev/shm are private
// RAM that only hold what the programs put there.
#pragma once

#include "descriptors.h"
#include "path.h"
#include "terminal.h"

// What the root of the tree is.
enum tree_root : uint8_t {
    TREE_EMPTY,    // private RAM: what is not there is just not there
    TREE_OF_HOST,  // private RAM that stands for the host's: what is not there is refused
    TREE_OF_PLACE, // a place of the host, read-only
};

// Makes the tree without any other place of the host yet. `place` is the name of the one that is the root, or null. 0 or an error.
// `scratch`: places that can only be read get a layer in which everything can be changed, for this run; and so does what stands for the
// host's files.
[[nodiscard]] int64_t tree_begin(enum tree_root root, const char *place, bool scratch);

// Values of the records of the same names (docs/control.md): path, tab, name of the place, tab, `ro` or `rw`; path, tab, target; path.
// 0 or an error.
[[nodiscard]] int64_t tree_mount(const char *value);
[[nodiscard]] int64_t tree_link(const char *value);
// Changes the rights of a place that is mounted. Does not wait.
[[nodiscard]] int64_t tree_change_mount(const char *value);
// A program of KOZO's own as /usr/bin/NAME, over whatever is there, but for a whole system without that folder; the node's count is
// taken over.
[[nodiscard]] int64_t tree_program(const char *name, struct node *node);
// A folder that is there without anything of the host's in it: what is not there is refused. The program owns it.
[[nodiscard]] int64_t tree_cover(const char *path);
// The person's home, unless a place of the host holds it: an empty folder. What programs look for in it is not there, and noted as
// refused; so is what they want to change.
[[nodiscard]] int64_t tree_home(const char *path);

// Puts descriptors 0, 1 and 2 into a table: those whose digits are in `terminal` on the main terminal, the others on the
// host's channels of these names; /dev/null where there is no such channel. Called on behalf of the first process.
[[nodiscard]] int64_t descriptors_begin(const char *terminal, uint16_t rows, uint16_t columns);

// At the prompt: all three on the terminal there; -ENXIO when nobody there waits for this sandbox.
[[nodiscard]] int64_t descriptors_begin_alone(void);

// The main terminal; null when there is none.
[[nodiscard]] struct terminal *begin_terminal(void);

// Forgets channels and terminal, for the end of tests.
void descriptors_forget(void);

// Waits until the host has all that was written.
void descriptors_settle(void);
