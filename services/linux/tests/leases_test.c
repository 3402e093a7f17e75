// SPDX-License-Identifier: MIT
// Leases of commands of sudo: when they are over, what the host is told of it, and that others wait for it.
#include "../../../tests/linux/single/contents.h"

#include "../file/lease.h"

static unsigned told;

static void note(void)
{
    told++;
}

TEST("a lease under which nothing was asked for ends without a word")
{
    world();
    told = 0;
    leases_begin(note);
    struct lease *lease = lease_make(nullptr);
    CHECK(lease != nullptr);
    lease_keep(lease);
    lease_drop(lease);
    lease_drop(lease);
    lease_drop(nullptr);
    CHECK(told == 0 && leases_over == 0 && lease_to_tell() == 0);
}

TEST("leases that are over are told once each, in order, until the host has seen to them")
{
    world();
    told = 0;
    leases_begin(note);
    struct lease *outer = lease_make(nullptr);
    struct lease *inner = lease_make(outer);
    CHECK(outer != nullptr && inner != nullptr);
    if (outer == nullptr || inner == nullptr) {
        return;
    }
    outer->number = 1;
    inner->number = 2;
    lease_drop(outer);
    CHECK(told == 0); // the inner one keeps it
    lease_drop(inner);
    CHECK(told == 2 && leases_over == 2);
    lease_seen_to(2); // it was not told yet
    CHECK(leases_over == 2);
    const uint64_t in_order[] = {2, 1, 0};
    for (size_t i = 0; i < 3; i++) {
        CHECK(lease_to_tell() == in_order[i]);
    }
    lease_seen_to(1); // the other one comes first
    lease_seen_to(7);
    CHECK(leases_over == 2);
    lease_seen_to(2);
    lease_seen_to(1);
    lease_seen_to(1);
    CHECK(leases_over == 0);
    leases_settle();
}

TEST("without memory there is no lease")
{
    world();
    store_fails_after = 0;
    CHECK(lease_make(nullptr) == nullptr);
    store_fails_after = -1;
}
