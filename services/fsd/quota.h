// SPDX-License-Identifier: MIT
// What each session may have of what all of them share: open files, known files, locks, memory that is lent. One rule
// holds for each of these:
//
//   half of it is kept in equal parts for the sessions that the description allows, so each is sure of its part;
//   the other half is for who comes first; and no session has more than half of all.
//
// So a session that takes whatever it can get leaves every other one its part. Requests that wait need no rule: a
// session has no more of them than places in its ring, and there is room for all (operation.h).
//
// What a delegated session takes counts as its client's own: who has many of them has no more for that.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum quota {
    QUOTA_OPEN,  // files (handle.h)
    QUOTA_KNOWN, // files and folders that can't be forgotten, the folders above them too (node.h)
    QUOTA_LOCKS,
    QUOTA_LENT,       // runs of pages, each time one is lent to one session (lend.h)
    QUOTA_LENT_PAGES, // pages of them
    QUOTAS,
};

// So many sessions there can be at a time.
void quota_start(size_t sessions);

// So many of these there can be in all.
void quota_set(enum quota what, uint32_t most);

// Whether a session may have so many more.
[[nodiscard]] bool quota_has(enum quota what, size_t place, uint64_t more);

[[nodiscard]] uint32_t quota_held(enum quota what, size_t place);

void quota_take(enum quota what, size_t place, uint32_t count);
void quota_give(enum quota what, size_t place, uint32_t count);
