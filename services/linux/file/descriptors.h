// SPDX-License-Identifier: MIT
// The descriptors of a process: numbers that stand for files. Threads share one table, and so do processes made with
// CLONE_FILES; fork makes a copy.
#pragma once

#include "file.h"

struct descriptors;

constexpr uint32_t DESCRIPTORS_MOST = 8192; // the hard limit of RLIMIT_NOFILE is at most this

// An empty table, counted once; null when memory is used up.
[[nodiscard]] struct descriptors *descriptors_make(void);
[[nodiscard]] struct descriptors *descriptors_copy(const struct descriptors *from);
void descriptors_keep(struct descriptors *descriptors);
// The last count closes all.
void descriptors_drop(struct descriptors *descriptors);

// Closes those with FD_CLOEXEC. The table must not be shared: exec makes it so before.
void descriptors_exec(struct descriptors *descriptors);
[[nodiscard]] bool descriptors_are_shared(const struct descriptors *descriptors);

// The file of a descriptor of the calling process, or of another one's table, counted; null: EBADF. The first two refuse
// files opened with O_PATH.
[[nodiscard]] struct file *descriptor_file(uint64_t number);
[[nodiscard]] struct file *descriptor_file_in(struct descriptors *descriptors, uint64_t number);
[[nodiscard]] struct file *descriptor_any(struct descriptors *descriptors, uint64_t number);

// Gives a file, whose count it takes over in any case, the lowest free number from `lowest` on. The number, -EMFILE
// or -ENOMEM.
[[nodiscard]] int64_t descriptor_put(struct file *file, bool exec_closes, uint64_t lowest);

// Puts a file at a number, for the start of the first program. What was there is closed. 0, or an error.
[[nodiscard]] int64_t descriptor_set(struct descriptors *descriptors, uint32_t number,
                                     struct file *file, bool exec_closes);

// The first number from `from` on that is in use, for /proc; -1 for none.
[[nodiscard]] int64_t descriptor_next(const struct descriptors *descriptors, uint64_t from);
[[nodiscard]] bool descriptor_exec_closes(const struct descriptors *descriptors, uint64_t number);
// False when the number is not in use.
[[nodiscard]] bool descriptor_set_exec_closes(struct descriptors *descriptors, uint64_t number,
                                              bool closes);
// 0 or -EBADF.
[[nodiscard]] int64_t descriptor_close(struct descriptors *descriptors, uint64_t number);

// Puts two files, whose counts it takes over in any case, and tells the program their numbers, as pipe and socketpair do.
[[nodiscard]] int64_t descriptor_put_pair(struct file *ends[2], bool exec_closes, struct user to);
