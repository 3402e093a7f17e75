// SPDX-License-Identifier: MIT
// What a call is about that tells of a file or changes it: reached by a path, or open already.
#pragma once

#include "file.h"
#include "path.h"

struct subject {
    struct entry *entry; // counted, or null
    struct file *file;   // counted, or null
    struct node *node;   // of either; null for files without one
};

void subject_drop(struct subject *subject);

// What a descriptor stands for; with `places` also one that is only a place (O_PATH).
[[nodiscard]] int64_t subject_of_file(uint64_t descriptor, bool places, struct subject *subject);

[[nodiscard]] int64_t subject_of_path(int64_t folder, uint64_t path, uint32_t how,
                                      struct subject *subject);

// By path and AT_ flags; with AT_EMPTY_PATH and an empty path, what the descriptor stands for.
[[nodiscard]] int64_t subject_of(uint64_t folder, uint64_t path, uint32_t flags,
                                 struct subject *subject);

// Whether the caller may change what only an owner may.
[[nodiscard]] bool subject_owns(const struct node *node);

// Notes what became of a change: that it is of this run only, or that it was refused.
[[nodiscard]] int64_t subject_note(const struct subject *subject, int64_t error);

// Ends a subject that was to be changed. Permissions of a file refuse by EACCES, which is nothing to tell.
[[nodiscard]] int64_t subject_refuse(struct subject *subject, int64_t error);
