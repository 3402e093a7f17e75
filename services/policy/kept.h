// SPDX-License-Identifier: MIT
// What this service must not lose: the text of the decisions, and the record. Both lie in memory that
// outlives the process. Of each there are two halves, and one number says which is in use and how far
// it goes; it changes last and at once, so the process may be killed at any moment and the next life
// finds every line whole.
//
// A full half of the decisions is written anew, without what has ended, into the other one. A full half of
// the record is left, and the record goes on in the other one: lines before it are no longer kept, but the
// chain goes on.
#pragma once

#include "decide.h"
#include "record.h"

// Finds what the last life left in `size` bytes of memory, or begins. A sentence when it can't.
[[nodiscard]] const char *kept_start(void *memory, size_t size, struct policy *policy,
                                     uint64_t now);

// Makes room in the text of decisions, before a change.
void kept_make_room(struct policy *policy);

// Writes a line of the record, and behind it where the kernel's log stands when that was not told for a minute.
void kept_record(const struct policy_record *record);

// The part of the record that is kept.
struct kept_text {
    const char *text;
    size_t length;
    struct policy_chain start; // before its first line
};
[[nodiscard]] struct kept_text kept_text(void);

// Where the chain of the record stands.
[[nodiscard]] const struct policy_chain *kept_end(void);
