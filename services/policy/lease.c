// SPDX-License-Identifier: MIT
#include "lease.h"

#include <kozo/clock.h>
#include <kozo/format.h>
#include <kozo/start.h>
#include <string.h>

constexpr uint64_t SECOND = 1'000'000'000;
constexpr unsigned MEMORY_BITS = 7; // of a Lease
constexpr uint64_t FIRST =
    KOZO_PROCESS_SESSION_SLOT + KOZO_BOARD_SESSIONS; // behind those of clients
constexpr uint64_t MEMORY = FIRST;
constexpr uint64_t LEASE = MEMORY + KOZO_DELEGATIONS;
constexpr uint64_t CAPABILITY = LEASE + KOZO_DELEGATIONS;
constexpr uint64_t END = CAPABILITY + KOZO_DELEGATIONS;

static struct {
    bool possible;
    bool seen; // the list
    const char *service;
    uint64_t source; // of capabilities
    struct kozo_session session;
} state;

static struct kozo_lease lease_at(size_t number)
{
    return (struct kozo_lease){LEASE + number};
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
    state.possible = state.source != 0 && END <= 1ul << kozo_process_info()->cnode_bits &&
                     state.session.data_size >= sizeof(struct kozo_delegations) &&
                     kozo_untyped_retype(memory, KOZO_TYPE_UNTYPED, MEMORY_BITS,
                                         (struct kozo_slot){MEMORY}, KOZO_DELEGATIONS) == KOZO_OK;
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
    struct kozo_slot capability = {CAPABILITY + number};
    uint64_t deadline = terms.seconds != 0 ? kozo_clock_deadline(terms.seconds * SECOND) : 0;
    if (kozo_untyped_retype((struct kozo_untyped){MEMORY + number}, KOZO_TYPE_LEASE, 0,
                            (struct kozo_slot){lease.handle}, 1) != KOZO_OK) {
        return KOZO_NO_MEMORY;
    }
    if (kozo_lease_open(lease, deadline, terms.uses, (struct kozo_lease){}) != KOZO_OK ||
        kozo_cnode_lend((struct kozo_slot){state.source}, capability, KOZO_RIGHT_WRITE, badge,
                        lease) != KOZO_OK) {
        lease_forget(number);
        return KOZO_NO_REPLY;
    }
    return KOZO_OK;
}

uint64_t lease_capability(size_t number)
{
    return CAPABILITY + number;
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
    (void)kozo_cnode_delete((struct kozo_slot){CAPABILITY + number});
    (void)kozo_cnode_delete((struct kozo_slot){LEASE + number});
}

void lease_tell(void)
{
    (void)kozo_notification_signal(state.session.arrival);
}
