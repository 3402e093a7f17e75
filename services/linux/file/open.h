// SPDX-License-Identifier: MIT
// Opening: from a path to a file.
#pragma once

#include "file.h"
#include "path.h"

// Opens what a path leads to, as openat has it. 0 and a counted file, or an error.
[[nodiscard]] int64_t open_path(int64_t folder, const char *path, uint32_t flags, uint32_t mode,
                                uint32_t how, struct file **file);

// Opens an entry that is there.
[[nodiscard]] int64_t open_entry(struct entry *entry, uint32_t flags, struct file **file);

// Opens a program for exec: an ordinary file that may be executed; EACCES otherwise. Flags: AT_EMPTY_PATH,
// AT_SYMLINK_NOFOLLOW.
[[nodiscard]] int64_t open_program(int64_t folder, const char *path, uint32_t flags,
                                   struct file **file);
