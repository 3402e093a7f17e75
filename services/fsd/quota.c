// SPDX-License-Identifier: MIT
#include "quota.h"

#include <kozo/board.h>

#include "place.h"

static struct {
    size_t sessions;
    struct {
        uint32_t most;
        uint32_t part; // that a session is sure of
        uint32_t used; // of all
        uint32_t kept; // of all parts what their sessions have not taken yet
        uint32_t held[KOZO_BOARD_SESSIONS];
    } quota[QUOTAS];
} state;

void quota_start(size_t sessions)
{
    state.sessions = sessions > 0 ? sessions : 1;
}

void quota_set(enum quota what, uint32_t most)
{
    uint32_t part = most / 2 / (uint32_t)state.sessions;
    state.quota[what].most = most;
    state.quota[what].part = part;
    state.quota[what].used = 0;
    state.quota[what].kept = part * (uint32_t)state.sessions;
    for (size_t place = 0; place < KOZO_BOARD_SESSIONS; place++) {
        state.quota[what].held[place] = 0;
    }
}

// What a session has left of its part.
static uint32_t left_of_part(enum quota what, size_t home)
{
    uint32_t part = state.quota[what].part;
    uint32_t held = state.quota[what].held[home];
    return held < part ? part - held : 0;
}

bool quota_has(enum quota what, size_t place, uint64_t more)
{
    size_t home = place_home(place);
    uint32_t most = state.quota[what].most;
    uint32_t held = state.quota[what].held[home];
    uint32_t own = left_of_part(what, home);
    uint32_t taken = state.quota[what].used + state.quota[what].kept; // or promised to somebody
    bool fits = more <= own || (taken <= most && more - own <= most - taken);
    return more == 0 || (fits && held + more <= most / 2);
}

uint32_t quota_held(enum quota what, size_t place)
{
    return state.quota[what].held[place_home(place)];
}

void quota_take(enum quota what, size_t place, uint32_t count)
{
    size_t home = place_home(place);
    uint32_t before = left_of_part(what, home);
    state.quota[what].held[home] += count;
    state.quota[what].used += count;
    state.quota[what].kept -= before - left_of_part(what, home);
}

void quota_give(enum quota what, size_t place, uint32_t count)
{
    size_t home = place_home(place);
    uint32_t before = left_of_part(what, home);
    state.quota[what].held[home] -= count;
    state.quota[what].used -= count;
    state.quota[what].kept += left_of_part(what, home) - before;
}
