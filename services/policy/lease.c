// SPDX-License-Identifier: MIT
#include "lease.h"

#include <kozo/clock.h>
#include <kozo/format.h>
#include <kozo/start.h>
#include <string.h>

constexpr uint64_t SECOND = 1'000'000'000;
constexpr unsigned MEMORY_BITS = 7; // of a Lease

// The slots behind those of clients: one of each part for each place in the list.
enum part : uint64_t {
    PART_MEMORY,
    PART_LEASE,
    PART_CAPABILITY,
    PARTS,
};

static struct {
    bool possible;
    bool seen; // the list
    const char *service;
    uint64_t first;  // of the slots
    uint64_t source; // of capabilities
    struct kozo_session session;
} state;

static struct kozo_slot slot_of(enum part part, size_t number)
{
    return (struct kozo_slot){state.first + part * KOZO_DELEGATIONS + number};
}

static struct kozo_lease lease_at(size_t number)
{
    return (struct kozo_lease){slot_of(PART_LEASE, number).handle};
}

void lease_start(const char *service)
{
    char name[24];
    const struct kozo_untyped memory = {kozo_granted("memory")};
    if (service == nullptr || !kozo_session_open(&state.session, service)) {
        return;
    }
    kozo_format(name, sizeof name, "%s.delegates", service);
    state.service = service;
    state.source = kozo_granted(name);
    state.first = KOZO_PROCESS_SESSION_SLOT +
                  ((const struct kozo_board *)kozo_process_info()->board)->sessions;
    uint64_t end = slot_of(PARTS, 0).handle;
    state.possible = state.source != 0 && end <= 1ul << kozo_process_info()->cnode_bits &&
                     state.session.data_size >= sizeof(struct kozo_delegations) &&
                     kozo_untyped_retype(memory, KOZO_TYPE_UNTYPED, MEMORY_BITS,
                                         slot_of(PART_MEMORY, 0), KOZO_DELEGATIONS) == KOZO_OK;
}

bool lease_is_possible(void)
{
    return state.possible;
}

// Its memory comes when the file server is up for the first time, and stays.
struct kozo_delegations *lease_list(void)
{
    constexpr struct kozo_endpoint parent = {KOZO_PROCESS_PARENT};
    struct kozo_delegations *list = (struct kozo_delegations *)state.session.data;
    if (!state.seen) {
        struct kozo_namespace_find_result found =
            kozo_namespace_find(parent, state.service, strlen(state.service));
        if (found.error != KOZO_OK || found.state != KOZO_SERVICE_UP) {
            return nullptr;
        }
        memset(list, 0, sizeof *list);
        state.seen = true;
    }
    return list;
}

enum kozo_error lease_make(size_t number, struct lease_terms terms, uint64_t badge)
{
    struct kozo_lease lease = lease_at(number);
    uint64_t deadline = terms.seconds != 0 ? kozo_clock_deadline(terms.seconds * SECOND) : 0;
    struct kozo_untyped memory = {slot_of(PART_MEMORY, number).handle};
    if (kozo_untyped_retype(memory, KOZO_TYPE_LEASE, 0, slot_of(PART_LEASE, number), 1) !=
        KOZO_OK) {
        return KOZO_NO_MEMORY;
    }
    if (kozo_lease_open(lease, deadline, terms.uses, (struct kozo_lease){}) != KOZO_OK ||
        kozo_cnode_lend((struct kozo_slot){state.source}, slot_of(PART_CAPABILITY, number),
                        KOZO_RIGHT_WRITE, badge, lease) != KOZO_OK) {
        lease_forget(number);
        return KOZO_NO_REPLY;
    }
    return KOZO_OK;
}

uint64_t lease_capability(size_t number)
{
    return slot_of(PART_CAPABILITY, number).handle;
}

bool lease_is_open(size_t number)
{
    struct kozo_lease_info_result info = kozo_lease_info(lease_at(number));
    return info.error == KOZO_OK && info.open;
}

void lease_close(size_t number)
{
    (void)kozo_lease_close(lease_at(number));
}

void lease_forget(size_t number)
{
    (void)kozo_cnode_delete(slot_of(PART_CAPABILITY, number));
    (void)kozo_cnode_delete(slot_of(PART_LEASE, number));
}

void lease_tell(void)
{
    (void)kozo_notification_signal(state.session.arrival);
}
