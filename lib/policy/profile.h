// SPDX-License-Identifier: MIT
// What a program says that it needs, in a text file that ships with it:
//
//     need files.folder.read "find the sources that you name"
//     want network.connect:example.org:443 "look for a newer version"
//
// Without a `need` the program is of no use, without a `want` it does less. A profile gives nothing by
// itself: it says what may be asked for, and with which reason. Lines that begin with # are comments.
#pragma once

#include "permission.h"

constexpr size_t POLICY_WISHES = 64;      // lines of a profile that are no comments
constexpr size_t POLICY_REASON_SIZE = 81; // bytes of a reason with its final zero

struct policy_wish {
    bool need;
    struct policy_permission permission;
    char reason[POLICY_REASON_SIZE]; // as it was written: escape it to show it
};

struct policy_profile {
    size_t count;
    struct policy_wish wish[POLICY_WISHES];
};

// Reads a profile. Gives 0, or the number of the line that is wrong and adds the fault to `fault`; the
// profile has no wishes then.
[[nodiscard]] size_t policy_profile_read(struct policy_profile *profile, const char *text,
                                         size_t size, struct policy_text *fault);

// The wish with exactly this permission, or null.
[[nodiscard]] const struct policy_wish *
policy_profile_find(const struct policy_profile *profile,
                    const struct policy_permission *permission);

// How many wishes of a profile were not in the one before it, and stand in no place there as needs
// when they are now. These are to be asked for again.
[[nodiscard]] size_t policy_profile_growth(const struct policy_profile *before,
                                           const struct policy_profile *now);
