// SPDX-License-Identifier: MIT
// Lease: an end that was agreed beforehand.
//
//            open                 close, deadline, last use
//   fresh ──────────▶ open ─────────────────────────────────▶ ended
//
// The Lease knows the slots of all capabilities under it, in a list, so that they can be emptied
// when it is destroyed. Ending it touches none of them: each use asks the Lease, and those it lies
// inside of.
//
// Invariants
//   L1  A slot has SLOT_LEASED exactly when it is in the list of the Lease that it names.
//   L2  A copy of a capability under a Lease is under the same one, or under one that lies inside of it.
//   L3  `outer` chains are at most LEASE_DEPTH long; a Lease is in the inner list of its outer one.
#pragma once

#include "object/object.h"

struct call;

constexpr unsigned LEASE_BITS = 7;
constexpr unsigned LEASE_DEPTH = 4;

struct lease {
    struct object object;
    uint64_t deadline; // ticks; UINT64_MAX for none
    uint64_t uses;     // left; UINT64_MAX for any number
    bool opened;       // the terms are set
    bool closed;
    uint8_t depth;                     // leases that this one lies inside of
    link_t slots;                      // capabilities under it, through list_next and list_previous
    link_t outer;                      // Lease
    link_t inner;                      // the first Lease inside this one
    link_t inner_next, inner_previous; // others inside the same
};
static_assert(sizeof(struct lease) <= 1u << LEASE_BITS);

static inline struct lease *lease_of(const struct slot *capability)
{
    return link_known(capability->object);
}

static inline struct lease *lease_at(link_t link)
{
    return link_target(link);
}

[[nodiscard]] bool lease_at_rest(const struct object *object);

// Closes it, deletes the capabilities under it, and closes those inside it, one a step.
[[nodiscard]] bool lease_reap(struct cpu *cpu, struct object *object);

// Whether one more use would be accepted now, by this Lease and all that it lies inside of.
bool lease_allows(const struct lease *lease);

// Takes one use from each of them. Only after lease_allows.
void lease_use(struct lease *lease);

// What is left for a capability: of its own Lease, and of those that lies inside of.
struct lease_terms {
    uint64_t deadline; // ticks; 0 for none
    uint64_t uses;     // UINT64_MAX for any number
};
struct lease_terms lease_terms(const struct slot *slot);

// Whether `lease` is `other`, or lies inside of it.
bool lease_is_inside(const struct lease *lease, const struct lease *other);

// A slot comes under the Lease, leaves the one that it is under, if any, or was moved.
void lease_join(struct lease *lease, struct slot *slot);
void lease_leave(struct slot *slot);
void lease_moved(const struct slot *from, struct slot *to);

enum kozo_error lease_open_call(struct call *call);
enum kozo_error lease_close_call(struct call *call);
enum kozo_error lease_info_call(struct call *call);
