// SPDX-License-Identifier: MIT
// What clients were given capabilities for, as long as the decision holds:
//
//   free ──▶ held ──▶ live ──▶ ended ──▶ held, for another
//            └──▶ free: refused, or it could not be made
//
// A place is held before anything is decided, so that who is allowed something gets it. What has ended keeps its closed Lease, which
// answers EXPIRED, until there is no other place left.
#pragma once

#include "decide.h"
#include "lease.h"

constexpr size_t DELEGATIONS_EACH = 4;   // that one client holds, at most
constexpr uint64_t DELEGATION_ONCE = 60; // seconds that a permission for one use is there
constexpr uint64_t DELEGATION_USES = 64; // and requests that may be made of it

enum delegation_state : uint8_t {
    DELEGATION_FREE,
    DELEGATION_HELD,
    DELEGATION_LIVE,
    DELEGATION_ENDED,
};

struct delegation {
    enum delegation_state state;
    bool once;       // its rule is used up
    uint64_t rule;   // by which it is given; 0 for none
    uint64_t ended;  // how many had ended before it
    uint64_t client; // the badge of the client's session with the file server
    struct policy_request request;
};

// `life` of this service tells its badges from those before.
void delegations_start(uint32_t life);

// What an instance of a program has for a permission; null when it has nothing, or nothing any more.
[[nodiscard]] struct delegation *delegations_find(uint64_t instance,
                                                  const struct policy_permission *permission);

// Holds a place; null when the client has as many as it may have, or all are taken.
[[nodiscard]] struct delegation *delegations_hold(const struct policy_request *request,
                                                  uint64_t client);

// The place that is held for an instance; null when there is none.
[[nodiscard]] struct delegation *delegations_held(uint64_t instance);

// Gives a place that is held back; null is none.
void delegations_release(struct delegation *held);

// Makes the capability for what a rule allows, 0 for none. When that can't be, the place is given back: NO_REPLY, the file server is down.
[[nodiscard]] enum kozo_error delegations_begin(struct delegation *held,
                                                const struct policy *policy, uint64_t rule,
                                                uint64_t now);

// The slot of its capability.
[[nodiscard]] uint64_t delegations_capability(const struct delegation *live);

// Ends it, at once.
void delegations_end(struct delegation *live);

// Ends all by a rule, which may be used up. Gives one that ended; null when there was none.
const struct delegation *delegations_revoke(uint64_t rule);

// An instance of a program has ended, and so does all that it has.
void delegations_closed(uint64_t instance);

// Ends what the decisions do not allow any more, and what has run out.
void delegations_check(const struct policy *policy, uint64_t now);
