// SPDX-License-Identifier: MIT
// The vDSO: code of linuxd that runs in the process, so that clocks are read without a system call.
#pragma once

#include <stdint.h>

struct space;

// Puts it into a new address space. 0 or -ENOMEM.
[[nodiscard]] int64_t vdso_map(struct space *space);
