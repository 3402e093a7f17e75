// SPDX-License-Identifier: MIT
#include "object/lease.h"

#include "cap/delete.h"
#include "cap/lookup.h"
#include "object/thread.h"
#include "syscall/call.h"

static bool is_open(const struct lease *lease, uint64_t now)
{
    return lease->opened && !lease->closed && lease->uses > 0 && now <= lease->deadline;
}

static void leave_outer(struct lease *lease)
{
    struct lease *outer = lease_at(lease->outer);

    if (outer == nullptr) {
        return;
    }
    if (lease->inner_previous != 0) {
        lease_at(lease->inner_previous)->inner_next = lease->inner_next;
    } else {
        outer->inner = lease->inner_next;
    }
    if (lease->inner_next != 0) {
        lease_at(lease->inner_next)->inner_previous = lease->inner_previous;
    }
    lease->outer = 0;
    lease->inner_next = 0;
    lease->inner_previous = 0;
}

static void enter_outer(struct lease *lease, struct lease *outer)
{
    if (outer == nullptr) {
        return;
    }
    lease->outer = link_to(outer);
    lease->inner_next = outer->inner;
    if (outer->inner != 0) {
        lease_at(outer->inner)->inner_previous = link_to(lease);
    }
    outer->inner = link_to(lease);
    lease->depth = outer->depth + 1;
    if (outer->deadline < lease->deadline) {
        lease->deadline = outer->deadline;
    }
}

bool lease_at_rest(const struct object *object)
{
    const struct lease *lease = (const struct lease *)object;

    return lease->slots == 0 && lease->inner == 0 && lease->outer == 0;
}

bool lease_reap(struct cpu *cpu, struct object *object)
{
    struct lease *lease = (struct lease *)object;

    lease->closed = true;
    if (lease->inner != 0) {
        struct lease *inner = lease_at(lease->inner);
        inner->closed = true;
        leave_outer(inner);
        return false;
    }
    if (lease->slots == 0) {
        leave_outer(lease);
        return true;
    }
    (void)slot_delete(cpu, slot_at(lease->slots));
    return false;
}

bool lease_allows(const struct lease *lease)
{
    uint64_t now = arch_now();

    for (const struct lease *at = lease; at != nullptr; at = lease_at(at->outer)) {
        if (!is_open(at, now)) {
            return false;
        }
    }
    return true;
}

void lease_use(struct lease *lease)
{
    for (struct lease *at = lease; at != nullptr; at = lease_at(at->outer)) {
        if (at->uses != UINT64_MAX) {
            at->uses--;
        }
    }
}

struct lease_terms lease_terms(const struct slot *slot)
{
    bool leased = (slot->flags & SLOT_LEASED) != 0;
    struct lease_terms terms = {.uses = UINT64_MAX};

    for (const struct lease *at = leased ? lease_at(slot->lease) : nullptr; at != nullptr;
         at = lease_at(at->outer)) {
        terms.uses = at->uses < terms.uses ? at->uses : terms.uses;
        if (at->deadline != UINT64_MAX && terms.deadline == 0) {
            terms.deadline = at->deadline;
        }
    }
    return terms;
}

bool lease_is_inside(const struct lease *lease, const struct lease *other)
{
    for (const struct lease *at = lease; at != nullptr; at = lease_at(at->outer)) {
        if (at == other) {
            return true;
        }
    }
    return false;
}

void lease_join(struct lease *lease, struct slot *slot)
{
    slot->flags |= SLOT_LEASED;
    slot->lease = link_to(lease);
    slot_list_push(&lease->slots, slot);
}

void lease_leave(struct slot *slot)
{
    if ((slot->flags & SLOT_LEASED) != 0) {
        slot_list_unlink(&lease_at(slot->lease)->slots, slot);
        slot->flags &= (uint8_t)~SLOT_LEASED;
        slot->lease = 0;
    }
}

void lease_moved(const struct slot *from, struct slot *to)
{
    slot_list_moved(&lease_at(to->lease)->slots, from, to);
}

enum kozo_error lease_open_call(struct call *call)
{
    struct lease *lease = lease_of(call->slot);
    struct lease *outer = nullptr;

    if (call->argument[2] != 0) {
        struct lookup found =
            lookup_typed(call->caller, call->argument[2], KOZO_TYPE_LEASE, KOZO_RIGHT_CONTROL);
        if (found.error != KOZO_OK) {
            return found.error;
        }
        outer = lease_of(found.slot);
    }
    if (lease->opened || lease->closed) {
        return KOZO_BAD_STATE;
    }
    if (outer != nullptr && (!lease_allows(outer) || outer->depth + 1 >= LEASE_DEPTH)) {
        return KOZO_BAD_STATE;
    }

    lease->opened = true;
    lease->deadline = call->argument[0] == 0 ? UINT64_MAX : call->argument[0];
    lease->uses = call->argument[1] == 0 ? UINT64_MAX : call->argument[1];
    enter_outer(lease, outer);
    return KOZO_OK;
}

enum kozo_error lease_close_call(struct call *call)
{
    lease_of(call->slot)->closed = true;
    return KOZO_OK;
}

enum kozo_error lease_info_call(struct call *call)
{
    const struct lease *lease = lease_of(call->slot);

    call->argument[0] = lease_allows(lease);
    call->argument[1] = lease->deadline == UINT64_MAX ? 0 : lease->deadline;
    call->argument[2] = lease->uses;
    return KOZO_OK;
}
