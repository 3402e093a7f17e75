// SPDX-License-Identifier: MIT
// exec: from a file to a program that runs.
#pragma once

#include "../core/user.h"

struct file;
struct thread;

// Texts that a program is given: in the memory of the one who calls exec, or linuxd's own, ended by a null.
struct texts {
    const char *const *own;
    struct user list; // used when `own` is null; null is an empty list
};

struct exec {
    int64_t folder;
    const char *path;
    uint32_t flags; // AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW
    struct texts arguments;
    struct texts environment;
};

// Gives the calling thread's process another program. CALL_SILENT, with the thread set up and on its way, or an error.
[[nodiscard]] int64_t exec_program(struct thread *thread, const struct exec *exec);
