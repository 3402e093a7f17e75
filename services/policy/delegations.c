// SPDX-License-Identifier: MIT
#include "delegations.h"

#include <string.h>

constexpr uint64_t SERIAL_BITS = 20; // of a badge's upper half; the life is above

static struct {
    uint64_t life;
    uint64_t begun;
    uint64_t ended;
    struct delegation delegation[KOZO_DELEGATIONS];
} state;

void delegations_start(uint32_t life)
{
    state.life = life;
    state.begun = 0;
    state.ended = 0;
    memset(state.delegation, 0, sizeof state.delegation);
}

static size_t number_of(const struct delegation *delegation)
{
    return (size_t)(delegation - state.delegation);
}

static bool is_of(const struct delegation *delegation, enum delegation_state in, uint64_t instance)
{
    return delegation->state == in && delegation->request.instance == instance;
}

// --- Holding ------------------------------------------------------------------------------------

struct delegation *delegations_find(uint64_t instance, const struct policy_permission *permission)
{
    for (size_t i = 0; i < KOZO_DELEGATIONS; i++) {
        struct delegation *delegation = &state.delegation[i];
        if (!is_of(delegation, DELEGATION_LIVE, instance) ||
            memcmp(&delegation->request.permission, permission, sizeof *permission) != 0) {
            continue;
        }
        if (lease_is_open(i)) {
            return delegation;
        }
        delegations_end(delegation);
    }
    return nullptr;
}

// A free place, or that of what has ended longest ago; null when there is none.
static struct delegation *find_room(void)
{
    struct delegation *oldest = nullptr;
    for (size_t i = 0; i < KOZO_DELEGATIONS; i++) {
        struct delegation *delegation = &state.delegation[i];
        if (delegation->state == DELEGATION_FREE) {
            return delegation;
        }
        if (delegation->state == DELEGATION_ENDED &&
            (oldest == nullptr || delegation->ended < oldest->ended)) {
            oldest = delegation;
        }
    }
    return oldest;
}

struct delegation *delegations_hold(const struct policy_request *request, uint64_t client)
{
    size_t held = 0;
    for (size_t i = 0; i < KOZO_DELEGATIONS; i++) {
        held += is_of(&state.delegation[i], DELEGATION_LIVE, request->instance) ||
                        is_of(&state.delegation[i], DELEGATION_HELD, request->instance)
                    ? 1
                    : 0;
    }
    struct delegation *room = held < DELEGATIONS_EACH ? find_room() : nullptr;
    if (room == nullptr) {
        return nullptr;
    }
    if (room->state == DELEGATION_ENDED) {
        lease_forget(number_of(room));
    }
    *room = (struct delegation){.state = DELEGATION_HELD, .client = client, .request = *request};
    return room;
}

struct delegation *delegations_held(uint64_t instance)
{
    for (size_t i = 0; i < KOZO_DELEGATIONS; i++) {
        if (is_of(&state.delegation[i], DELEGATION_HELD, instance)) {
            return &state.delegation[i];
        }
    }
    return nullptr;
}

void delegations_release(struct delegation *held)
{
    if (held != nullptr) {
        held->state = DELEGATION_FREE;
    }
}

// --- Giving -------------------------------------------------------------------------------------

static struct lease_terms terms_of(const struct policy_rule *rule, uint64_t now)
{
    struct lease_terms terms = {};
    if (rule != nullptr && rule->until == POLICY_UNTIL_ONCE) {
        terms = (struct lease_terms){.seconds = DELEGATION_ONCE, .uses = DELEGATION_USES};
    } else if (rule != nullptr && rule->until == POLICY_UNTIL_TIME) {
        terms.seconds = rule->limit - now;
    }
    return terms;
}

// A badge that was not given before. It tells the place of the client's own session, and is none of a session.
static uint64_t next_badge(uint64_t client)
{
    uint64_t serial = state.life << SERIAL_BITS | (state.begun++ & ((1ul << SERIAL_BITS) - 1));
    return serial << 32 | KOZO_BADGE_DELEGATED | (client & KOZO_BADGE_PLACE);
}

// What the file server is to know. The badge comes last.
static void list(struct kozo_delegation *entry, const struct delegation *delegation,
                 const char *path, uint64_t badge)
{
    entry->client = delegation->client;
    entry->writable =
        (policy_rights(delegation->request.permission.id) & POLICY_WRITE) != 0 ? 1 : 0;
    memset(entry->path, 0, sizeof entry->path);
    memcpy(entry->path, path, strnlen(path, sizeof entry->path - 1));
    __atomic_store_n(&entry->badge, badge, __ATOMIC_RELEASE);
}

static_assert(POLICY_SCOPE_SIZE <= KOZO_DELEGATION_PATH);

enum kozo_error delegations_begin(struct delegation *held, const struct policy *policy,
                                  uint64_t rule, uint64_t now)
{
    const struct policy_rule *found = policy_database_find(&policy->database, rule);
    const char *path = policy_path(&policy->folders, &held->request.permission);
    struct kozo_delegations *there = lease_list();
    uint64_t badge = next_badge(held->client);
    enum kozo_error error = there != nullptr && path != nullptr
                                ? lease_make(number_of(held), terms_of(found, now), badge)
                                : KOZO_NO_REPLY;
    if (error != KOZO_OK) {
        delegations_release(held);
        return error;
    }
    list(&there->delegation[number_of(held)], held, path, badge);
    held->state = DELEGATION_LIVE;
    held->rule = rule;
    held->once = found != nullptr && found->until == POLICY_UNTIL_ONCE;
    return KOZO_OK;
}

uint64_t delegations_capability(const struct delegation *live)
{
    return lease_capability(number_of(live));
}

// --- Ending -------------------------------------------------------------------------------------

// The kernel's end comes first: what the file server then lets go of is of no use to anybody any more.
void delegations_end(struct delegation *live)
{
    struct kozo_delegations *there = lease_list();
    lease_close(number_of(live));
    live->state = DELEGATION_ENDED;
    live->ended = state.ended++;
    if (there != nullptr) {
        __atomic_store_n(&there->delegation[number_of(live)].badge, 0, __ATOMIC_RELEASE);
        __atomic_store_n(&there->ended, there->ended + 1, __ATOMIC_RELEASE);
        lease_tell();
    }
}

const struct delegation *delegations_revoke(uint64_t rule)
{
    const struct delegation *found = nullptr;
    for (size_t i = 0; rule != 0 && i < KOZO_DELEGATIONS; i++) {
        struct delegation *delegation = &state.delegation[i];
        if (delegation->state == DELEGATION_LIVE && delegation->rule == rule) {
            delegations_end(delegation);
            found = delegation;
        }
    }
    return found;
}

void delegations_closed(uint64_t instance)
{
    for (size_t i = 0; i < KOZO_DELEGATIONS; i++) {
        struct delegation *delegation = &state.delegation[i];
        if (is_of(delegation, DELEGATION_LIVE, instance)) {
            delegations_end(delegation);
        } else if (is_of(delegation, DELEGATION_HELD, instance)) {
            delegations_release(delegation);
        }
    }
}

static bool holds(const struct delegation *delegation, const struct policy *policy, uint64_t now)
{
    struct policy_decision decision = policy_decide(policy, nullptr, &delegation->request, now);
    bool refused = decision.verdict == POLICY_REFUSED && decision.because == POLICY_BECAUSE_RULE;
    bool ruled = delegation->once || delegation->rule == 0 ||
                 policy_database_find(&policy->database, delegation->rule) != nullptr;
    return ruled && !refused && policy_refused_within(policy, &delegation->request, now) == 0 &&
           lease_is_open(number_of(delegation));
}

void delegations_check(const struct policy *policy, uint64_t now)
{
    for (size_t i = 0; i < KOZO_DELEGATIONS; i++) {
        struct delegation *delegation = &state.delegation[i];
        if (delegation->state == DELEGATION_LIVE && !holds(delegation, policy, now)) {
            delegations_end(delegation);
        }
    }
}
