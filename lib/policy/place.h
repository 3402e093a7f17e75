// SPDX-License-Identifier: MIT
// Where the names of file permissions lead, and what one permission covers of another.
//
// Files are decided by their paths as the file server knows them, never as a program sees them: the
// file server has walked the path, and a link in it leads to a path that is decided anew.
#pragma once

#include "permission.h"

// The folders of the person who runs programs. An empty text: there is no such folder.
struct policy_folders {
    const char *home;
    const char *documents;
    const char *downloads;
    const char *folder; // where the program was started
};

// The one path that a file permission stands for; null when it has none (files.system.read,
// files.pick.*, files.removable.*), or when the person has no such folder.
[[nodiscard]] const char *policy_path(const struct policy_folders *folders,
                                      const struct policy_permission *permission);

// Whether a path is another one or lies below it.
[[nodiscard]] bool policy_path_is_below(const char *path, const char *folder);

// Whether a path belongs to the public files of programs. The list is in place.c, and ends at account
// data, keys and settings of services.
[[nodiscard]] bool policy_path_is_public(const char *path);

// The public places one by one, for who serves them; null after the last. The last part of one may end
// with an asterisk, which stands for all names that begin so.
[[nodiscard]] const char *policy_public_place(size_t number);

// Whether who holds the one permission may do what the other one names.
[[nodiscard]] bool policy_covers(const struct policy_folders *folders,
                                 const struct policy_permission *granted,
                                 const struct policy_permission *wanted);
