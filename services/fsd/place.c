// SPDX-License-Identifier: MIT
#include "place.h"

#include <string.h>

#include "quota.h"

// A name of a path.
struct part {
    const char *bytes;
    size_t length;
};

constexpr unsigned PARTS =
    8; // of a path that are found once; further ones are looked for each time

struct grant {
    const char *path; // names with slashes before each; empty for the top
    uint16_t names;
    uint8_t rights;
    struct part part[PARTS];
};

static struct session {
    uint32_t most; // pages that it may have stored; 0 for no limit
    unsigned count;
    struct grant grant[GRANTS_MOST];
} sessions[PLACE_SESSIONS];

static size_t homes[KOZO_DELEGATIONS];

static bool has_commands;

static uint16_t count_names(const char *path)
{
    uint16_t count = 0;
    for (; *path != 0; path++) {
        count += *path == '/' ? 1 : 0;
    }
    return count;
}

// A name of a path, by its number; its length is 0 when there is none.
static struct part find_part(const char *path, unsigned number)
{
    while (*path != 0 && number > 0) {
        path++;
        number -= *path == '/' || *path == 0 ? 1 : 0;
    }
    if (*path == 0) {
        return (struct part){.bytes = path};
    }
    const char *start = path + 1;
    return (struct part){.bytes = start, .length = strcspn(start, "/")};
}

static void add(struct session *session, const char *given, bool writable)
{
    const char *path = strcmp(given, "/") == 0 ? "" : given;
    struct grant *grant = &session->grant[session->count++];
    *grant = (struct grant){
        .path = path,
        .names = count_names(path),
        .rights = PLACE_READ | (writable ? PLACE_WRITE : 0),
    };
    for (unsigned i = 0; i < PARTS; i++) {
        grant->part[i] = find_part(path, i);
    }
}

void place_start(const struct kozo_system *system, const char *service)
{
    const struct kozo_system_program *own = kozo_system_service(system, service);
    if (own == nullptr) {
        return;
    }
    quota_start(own->places);
    has_commands = own->commands > 0;
    if (has_commands) {
        add(&sessions[0], "/", true); // init's, for the person at the prompt
    }
    for (size_t i = 0; i < system->programs; i++) {
        const struct kozo_system_program *program = &system->program[i];
        for (size_t j = 0; j < program->uses; j++) {
            const struct kozo_system_use *use = &program->use[j];
            if (&system->program[use->program] == own && use->place < KOZO_BOARD_SESSIONS) {
                sessions[use->place].most = use->most;
            }
        }
        for (size_t j = 0; j < program->paths; j++) {
            const struct kozo_system_use *use = &program->use[program->path[j].use];
            if (&system->program[use->program] == own && use->place < KOZO_BOARD_SESSIONS) {
                add(&sessions[use->place], program->path[j].path, program->path[j].writable != 0);
            }
        }
    }
}

void place_delegate(size_t session, size_t home, const char *path, bool writable)
{
    homes[session - KOZO_BOARD_SESSIONS] = home;
    sessions[session] = (struct session){};
    add(&sessions[session], path, writable);
}

size_t place_home(size_t session)
{
    return session < KOZO_BOARD_SESSIONS ? session : homes[session - KOZO_BOARD_SESSIONS];
}

static bool matches(const struct grant *grant, unsigned depth, const char *name, size_t length)
{
    struct part part = depth < PARTS ? grant->part[depth] : find_part(grant->path, depth);
    return part.length == length && memcmp(part.bytes, name, length) == 0;
}

static void settle(const struct session *session, struct view *view)
{
    for (unsigned i = 0; i < session->count; i++) {
        if ((view->mask >> i & 1) != 0 && session->grant[i].names == view->depth) {
            view->grant = (uint8_t)i;
            view->rights = session->grant[i].rights;
            view->mask &= (uint8_t)~(1u << i);
        }
    }
}

bool place_is_own(size_t place)
{
    return place == 0 && has_commands;
}

uint64_t place_pays(size_t place)
{
    static_assert(KOZO_BOARD_SESSIONS < KOZO_ACCOUNTS);
    size_t home = place_home(place);
    uint64_t most = sessions[home].most;
    return most > 0 ? (home + 1) | most << 32 : 0;
}

struct view place_top(size_t place)
{
    const struct session *session = &sessions[place];
    struct view view = {.grant = GRANT_NONE, .mask = (uint8_t)((1u << session->count) - 1)};
    settle(session, &view);
    return view;
}

bool place_step(size_t place, struct view *view, const char *name, size_t length)
{
    const struct session *session = &sessions[place];
    uint8_t mask = 0;
    for (unsigned i = 0; view->mask >> i != 0; i++) {
        if ((view->mask >> i & 1) != 0 && matches(&session->grant[i], view->depth, name, length)) {
            mask |= (uint8_t)(1u << i);
        }
    }
    view->mask = mask;
    view->depth++;
    if (mask != 0) {
        settle(session, view);
    }
    return view->grant != GRANT_NONE || view->mask != 0;
}

bool place_shows(size_t place, const struct view *view, const char *name, size_t length)
{
    struct view next = *view;
    return place_step(place, &next, name, length);
}

bool place_is_root(size_t place, const struct view *view)
{
    return view->grant != GRANT_NONE && view->depth > 1 &&
           sessions[place].grant[view->grant].names == view->depth;
}
