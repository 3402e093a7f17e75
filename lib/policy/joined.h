// SPDX-License-Identifier: MIT
// Where the record (record.h) meets the kernel's log: some of its lines tell how far each ring of that was read and written when the
// line was written, and the hash over all that was read. The kernel's numbers only rise, and its hash changes only by reading: lines that
// contradict each other, or the kernel as it is now, show that one of the two is not the one that it was.
#pragma once

#include "record.h"

// Takes the rings of a line, which is whole in the chain. False: it tells of none.
[[nodiscard]] bool policy_joined_read(const char *line, size_t length,
                                      struct policy_kernel_ring ring[POLICY_KERNEL_RINGS]);

// The first line, from 1 on, that does not fit what is before it, or the kernel as it is `now`; 0 when all fit.
[[nodiscard]] uint64_t
policy_joined_check(const char *text, size_t size,
                    const struct policy_kernel_ring now[POLICY_KERNEL_RINGS]);
