// SPDX-License-Identifier: MIT
// What this sandbox was not given is asked for, by whoever the host has to decide, when a program wants it. Nothing is decided
// here: a path call waits until it is told that it may look again, or that it may not. Others go on meanwhile, and a
// signal ends the wait.
//
// What the host then gives comes as places that are mounted into the tree, by the call that waited or by the next that is refused.
// What it takes away comes as paths: whoever has something open there finds out at once.
#pragma once

#include <stddef.h>
#include <stdint.h>

// The way to the host. Both may wait.
struct consent_way {
    // `lease` is the number of the one under which it is asked; 0 for none.
    void (*ask)(uint64_t number, char kind, uint64_t lease, const char *path);
    void (*withdraw)(uint64_t number); // nobody waits for it any more
    void (*used)(
        uint64_t number); // the call that asked is over; answered once more when that is seen to
};

// From now on what is refused is asked for; `leased`: only by what runs under sudo.
void consent_begin(const struct consent_way *way, bool leased);

// A number that no question had yet.
[[nodiscard]] uint64_t consent_number(void);

enum consent : uint8_t {
    CONSENT_NO,
    CONSENT_GIVEN,       // it is to be looked for again
    CONSENT_INTERRUPTED, // by a signal
};

// Asks for a path of this sandbox's tree, to be read or changed, unless something was given without a question meanwhile. What
// the call that asks was given already is not asked for twice.
[[nodiscard]] enum consent consent_ask(const char *path, bool changes);

// Asks for one file, which the person chooses; `path` has LINUX_PATH_MOST bytes for where it is. 0; -EACCES for no, -ENXIO when nobody
// can be asked, -EINTR.
[[nodiscard]] int64_t consent_pick(bool changes, const char *reason, char *path);

enum answered : uint8_t {
    ANSWERED_NO,
    ANSWERED_YES,
    ANSWERED_ONCE, // for the call that asked, and no further
};

// An answer has come. Does not wait.
void consent_answered(uint64_t number, enum answered answered);

// A file was picked: `NUMBER PATH`. Does not wait.
void consent_picked(const char *text, size_t size);

// How many answers calls under way were given.
extern uint32_t consent_uses;

// The call that the calling strand carries out is over, and does not begin again: what was given for it alone ends. May wait.
void consent_call_ends(void);

// The host gives places: records `mount=…` as at the start, each with a zero. Does not wait.
void consent_given(const char *records, size_t size);

// The host takes away: records `path=PATH`, for what lies there or below; `gone=PLACE`, for a place that is there no
// more; and `mount=…` for one whose rights have changed. Does not wait.
void consent_taken(const char *records, size_t size);
