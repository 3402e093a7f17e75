// SPDX-License-Identifier: MIT
// The record of what was asked, given, refused, used and taken back: a text with one JSON object a
// line. Each line ends with a hash over itself and the hash of the line before, so a line that was
// changed, added or taken out is noticed by whoever reads the text; a text that lost its end is noticed
// by who knows the latest hash.
//
//     {"v":1,"n":3,"time":1764452385,"event":"refuse","program":"busybox","instance":12,
//      "permission":"files.path.read","scope":"/etc/passwd","because":"nobody","chain":"…"}
//
// (one line; here it is broken.) Contents of files never stand in it.
#pragma once

#include "decide.h"

constexpr size_t POLICY_RECORD_SIZE = 6 * POLICY_SCOPE_SIZE + 512; // bytes of a line with its end

enum policy_event : uint8_t {
    POLICY_EVENT_ASK,
    POLICY_EVENT_GRANT,
    POLICY_EVENT_REFUSE,
    POLICY_EVENT_USE,
    POLICY_EVENT_EXPIRE,
    POLICY_EVENT_REVOKE,
    POLICY_EVENT_START,  // of the record, after a start of the system
    POLICY_EVENT_KERNEL, // where the kernel's log stands
};

// How far a ring of the kernel's log was read and written, and the hash over all that was read (AuditDigest).
struct policy_kernel_ring {
    uint64_t read, written; // numbers of the next record
    struct kozo_digest digest;
};

constexpr size_t POLICY_KERNEL_RINGS = 2; // of what was done with authority, and of refusals

struct policy_record {
    enum policy_event event;
    uint64_t time;
    const char *program;                        // null: not about a program
    uint64_t instance;                          // 0: not known
    const struct policy_permission *permission; // null for none
    uint64_t rule;                              // 0 for none
    const char *because;                        // one word, or null
    uint64_t count; // repeats that are told in one line; 0 and 1 are not written
    const struct policy_kernel_ring *kernel; // both rings, with POLICY_EVENT_KERNEL; else null
};

// Where a record stands.
struct policy_chain {
    uint64_t count; // lines so far
    struct kozo_digest digest;
};

// Writes one line and moves on. False, and no change, when it does not fit into the text.
[[nodiscard]] bool policy_record_add(struct policy_text *text, struct policy_chain *chain,
                                     const struct policy_record *record);

enum policy_verified : uint8_t {
    POLICY_RECORD_WHOLE,
    POLICY_RECORD_CHANGED, // the line is not as it was written
    POLICY_RECORD_GAP,     // lines are missing before it
    POLICY_RECORD_CUT,     // the last line has no end, or the text ends before `end`
};

struct policy_verification {
    enum policy_verified result;
    uint64_t line;             // that is wrong, from 1 on
    size_t length;             // bytes that are good
    struct policy_chain chain; // after the last good line
};

// Checks a record from a line on. `start` is where the chain stood before that line, null for its
// beginning; `end` is where the record should end, or null when that is unknown.
[[nodiscard]] struct policy_verification policy_record_verify(const char *text, size_t size,
                                                              const struct policy_chain *start,
                                                              const struct policy_chain *end);

[[nodiscard]] const char *policy_because_word(enum policy_because because);

// What a verification found, as one sentence.
void policy_add_verification(struct policy_text *text,
                             const struct policy_verification *verification);
