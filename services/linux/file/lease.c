// SPDX-License-Identifier: MIT
#include "lease.h"

#include "../core/store.h"
#include "../core/strand.h"

// Those that are over, in order, which is that in which the host sees to them.
static struct lease *first, **end = &first;
static uint64_t ended, seen_to;
static struct wait_queue waiting;
static void (*tell)(void);

uint32_t leases_over;

void leases_begin(void (*over)(void))
{
    tell = over;
}

struct lease *lease_make(struct lease *outer)
{
    struct lease *lease = store_take(sizeof *lease);
    if (lease != nullptr) {
        *lease = (struct lease){.outer = outer, .count = 1};
        lease_keep(outer);
    }
    return lease;
}

void lease_keep(struct lease *lease)
{
    if (lease != nullptr) {
        lease->count++;
    }
}

static void put_over(struct lease *lease)
{
    *end = lease;
    end = &lease->next;
    ended++;
    leases_over++;
    tell();
}

void lease_drop(struct lease *lease)
{
    while (lease != nullptr && --lease->count == 0) {
        struct lease *outer = lease->outer;
        if (lease->number != 0) {
            put_over(lease);
        } else {
            store_give(lease, sizeof *lease);
        }
        lease = outer;
    }
}

uint64_t lease_to_tell(void)
{
    for (struct lease *lease = first; lease != nullptr; lease = lease->next) {
        if (!lease->told) {
            lease->told = true;
            return lease->number;
        }
    }
    return 0;
}

void lease_seen_to(uint64_t number)
{
    struct lease *lease = first;
    if (lease == nullptr || !lease->told || lease->number != number) {
        return;
    }
    first = lease->next;
    end = first == nullptr ? &first : end;
    store_give(lease, sizeof *lease);
    seen_to++;
    leases_over--;
    (void)wait_wake(&waiting, SIZE_MAX);
}

void leases_settle(void)
{
    uint64_t until = ended;
    while (seen_to < until) {
        struct wait wait = {};
        wait_enter(&wait, &waiting);
        (void)wait_through(NO_DEADLINE);
        wait_leave(&wait);
    }
}
