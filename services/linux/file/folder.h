// SPDX-License-Identifier: MIT
// Entries of folders as getdents64 gives them, for all file systems.
#pragma once

#include "file.h"
#include "node.h"

// Gives one entry; `next` is the offset in the folder behind it. 0 when it was given, 1 when it does not fit any more, -EINVAL when
// not even this first one fits, or -EFAULT.
[[nodiscard]] int64_t list_entry(struct transfer *transfer, struct name name, uint64_t inode,
                                 uint64_t next, uint32_t mode);
