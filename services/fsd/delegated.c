// SPDX-License-Identifier: MIT
#include "delegated.h"

#include <string.h>

#include "fsd.h"
#include "handle.h"
#include "lend.h"
#include "lock.h"
#include "operation.h"

constexpr size_t NOBODY = KOZO_BOARD_SESSIONS;

static struct {
    size_t place;   // of the session with the list
    uint64_t ended; // delegations, as of the last look
    struct {
        uint64_t badge; // 0: there is none
        char path[KOZO_DELEGATION_PATH];
    } session[KOZO_DELEGATIONS]; // by their places in the list
} state = {.place = NOBODY};

void delegated_start(const struct kozo_system *system, const char *service)
{
    const struct kozo_system_program *own = kozo_system_service(system, service);
    for (size_t i = 0; i < system->programs; i++) {
        const struct kozo_system_program *program = &system->program[i];
        for (size_t j = 0; j < program->uses; j++) {
            const struct kozo_system_use *use = &program->use[j];
            if (&system->program[use->program] == own && use->delegates != 0) {
                state.place = use->place;
            }
        }
    }
}

// The list; null when there is none at this time.
static const struct kozo_delegations *find_list(void)
{
    return state.place < NOBODY
               ? (const void *)fsd_data(state.place, 0, sizeof(struct kozo_delegations))
               : nullptr;
}

static bool is_listed(const struct kozo_delegations *list, size_t number, uint64_t badge)
{
    return __atomic_load_n(&list->delegation[number].badge, __ATOMIC_ACQUIRE) == badge;
}

static void let_go(size_t number)
{
    size_t session = KOZO_BOARD_SESSIONS + number;
    if (state.session[number].badge == 0) {
        return;
    }
    state.session[number].badge = 0;
    operation_end_all(session, KOZO_EXPIRED);
    lend_drop(session);
    lock_drop(session, nullptr);
    handle_close_all(session);
}

// Takes up what stands in a place of the list, which is copied first. False when that is nothing.
static bool take_up(const struct kozo_delegations *list, size_t number, uint64_t badge)
{
    struct kozo_delegation delegation = list->delegation[number];
    bool whole = memchr(delegation.path, 0, sizeof delegation.path) != nullptr;
    bool within = (delegation.client & KOZO_BADGE_PLACE) == (badge & KOZO_BADGE_PLACE);
    if (!whole || delegation.path[0] != '/' || !within || !fsd_knows(delegation.client)) {
        return false;
    }
    // Whoever delegated it may have been found to be gone meanwhile.
    if (find_list() != list || !is_listed(list, number, badge)) {
        return false;
    }
    let_go(number);
    memcpy(state.session[number].path, delegation.path, sizeof delegation.path);
    state.session[number].badge = badge;
    place_delegate(KOZO_BOARD_SESSIONS + number, badge & KOZO_BADGE_PLACE,
                   state.session[number].path, delegation.writable != 0);
    handle_renew(KOZO_BOARD_SESSIONS + number);
    return true;
}

size_t delegated_find(uint64_t badge)
{
    const struct kozo_delegations *list = find_list();
    for (size_t i = 0; list != nullptr && i < KOZO_DELEGATIONS; i++) {
        if (!is_listed(list, i, badge)) {
            continue;
        }
        bool there = state.session[i].badge == badge || take_up(list, i, badge);
        return there ? KOZO_BOARD_SESSIONS + i : 0;
    }
    return 0;
}

void delegated_look(void)
{
    const struct kozo_delegations *list = find_list();
    uint64_t ended =
        list != nullptr ? __atomic_load_n(&list->ended, __ATOMIC_ACQUIRE) : state.ended;
    for (size_t i = 0; ended != state.ended && i < KOZO_DELEGATIONS; i++) {
        if (!is_listed(list, i, state.session[i].badge)) {
            let_go(i);
        }
    }
    state.ended = ended;
}

void delegated_drop(size_t place)
{
    if (place == state.place) {
        state.ended = 0; // who comes next begins to count
    }
    for (size_t i = 0; i < KOZO_DELEGATIONS; i++) {
        if (place == state.place || (state.session[i].badge & KOZO_BADGE_PLACE) == place) {
            let_go(i);
        }
    }
}
