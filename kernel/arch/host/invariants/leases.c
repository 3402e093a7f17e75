// SPDX-License-Identifier: MIT
// Leases, and what is under them.
#include "found.h"
#include "object/lease.h"
#include "rules.h"

static bool check_leased(const struct slot *slot, const struct slot *parent)
{
    bool leased = (slot->flags & SLOT_LEASED) != 0;

    RULE(!leased || ((slot->type == KOZO_TYPE_ENDPOINT || slot->type == KOZO_TYPE_NOTIFICATION) &&
                     is_object(slot->lease, KOZO_TYPE_LEASE)),
         "L1: an Endpoint or Notification is under a Lease", slot);
    if (parent != nullptr && (parent->flags & SLOT_LEASED) != 0 && names_same(slot, parent)) {
        RULE(leased && (is_dying(link_target(slot->lease)) || lease_at(slot->lease)->closed ||
                        lease_is_inside(lease_at(slot->lease), lease_at(parent->lease))),
             "L2: a copy of a capability under a Lease is under it too", slot);
    }
    return true;
}

static bool check_lease(const struct lease *lease, unsigned *listed)
{
    link_t previous = 0;
    unsigned depth = 0;

    for (link_t at = lease->slots; at != 0; at = slot_at(at)->list_next) {
        RULE(in_ram(at) && found.seen[at] && (slot_at(at)->flags & SLOT_LEASED) != 0 &&
                 slot_at(at)->lease == link_to(lease) && slot_at(at)->list_previous == previous,
             "L1: a Lease lists the slots under it", lease);
        previous = at;
        ++*listed;
    }
    for (const struct lease *at = lease_at(lease->outer); at != nullptr; at = lease_at(at->outer)) {
        RULE(is_object(link_to(at), KOZO_TYPE_LEASE) && ++depth < LEASE_DEPTH,
             "L3: Leases lie inside one another LEASE_DEPTH deep", lease);
    }
    previous = 0;
    for (link_t at = lease->inner; at != 0; at = lease_at(at)->inner_next) {
        RULE(is_object(at, KOZO_TYPE_LEASE) && lease_at(at)->outer == link_to(lease) &&
                 lease_at(at)->inner_previous == previous,
             "L3: a Lease lists those inside it", lease);
        previous = at;
    }
    return true;
}

bool check_leases(void)
{
    const struct lease *lease;
    unsigned listed = 0;

    for (unsigned at = 0; (lease = next_object(&at, KOZO_TYPE_LEASE)) != nullptr;) {
        if (!check_lease(lease, &listed)) {
            return false;
        }
    }
    for (unsigned i = 0; i < found.slots; i++) {
        struct slot *slot = slot_at(found.slot[i]);
        if (!check_leased(slot, slot_parent(slot, UNITS))) {
            return false;
        }
        listed -= (slot->flags & SLOT_LEASED) != 0;
    }
    RULE(listed == 0, "L1: a slot under a Lease is in its list", &kernel);
    return true;
}
