// SPDX-License-Identifier: MIT
#include "order.h"

#include <string.h>

constexpr size_t NONE = KOZO_SYSTEM_PROGRAMS;

static bool fails(struct description *description, size_t line, const char *fault)
{
    description->line = line;
    description->fault = fault;
    return false;
}

static size_t find_service(const struct description *description, const char *name)
{
    for (size_t i = 0; i < description->system.programs; i++) {
        if (strcmp(description->system.program[i].name, name) == 0) {
            return i;
        }
    }
    return NONE;
}

static bool is_in(const char *file, char *const *files, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(files[i], file) == 0) {
            return true;
        }
    }
    return false;
}

static bool check_names(struct description *description, char *const *files, size_t count)
{
    const struct kozo_system *system = &description->system;
    for (size_t i = 0; i < system->programs; i++) {
        const struct kozo_system_program *program = &system->program[i];
        size_t line = description->first_line[i];
        if (!is_in(program->file, files, count)) {
            return fails(description, line, "there is no such file in the initrd");
        }
        for (size_t j = 0; j < i; j++) {
            const struct kozo_system_program *other = &system->program[j];
            if (program->name[0] != 0 && strcmp(program->name, other->name) == 0) {
                return fails(description, line, "another service has this name");
            }
            if (program->name[0] == 0 && strcmp(program->file, other->file) == 0) {
                return fails(description, line, "this file has an entry already");
            }
            if (program->terminal != 0 && other->terminal != 0) {
                return fails(description, line, "another service is the terminal already");
            }
            if (program->commands != 0 && other->commands != 0) {
                return fails(description, line, "another service has the commands already");
            }
        }
    }
    return true;
}

// Makes an entry of each copy, after all others.
static bool make_copies(struct description *description)
{
    struct kozo_system *system = &description->system;
    size_t programs = system->programs;
    for (size_t i = 0; i < programs; i++) {
        for (uint64_t copy = 1; copy < description->copies[i]; copy++) {
            size_t number = system->programs;
            if (number == KOZO_SYSTEM_PROGRAMS) {
                return fails(description, description->first_line[i],
                             "there are too many programs");
            }
            system->program[number] = system->program[i];
            description->first_line[number] = description->first_line[i];
            memcpy(description->use[number], description->use[i], sizeof description->use[i]);
            memcpy(description->after[number], description->after[i], sizeof description->after[i]);
            system->programs++;
        }
    }
    return true;
}

// Whether two grants are for the same device.
static bool clash(const struct kozo_system_grant *one, const struct kozo_system_grant *other)
{
    if (one->kind != other->kind) {
        return false;
    }
    if (one->kind == KOZO_GRANT_PORTS) {
        return one->first < other->first + other->count && other->first < one->first + one->count;
    }
    return one->kind == KOZO_GRANT_PLATFORM ||
           (one->kind == KOZO_GRANT_IRQ && one->first == other->first);
}

static bool check_grant(struct description *description, size_t owner,
                        const struct kozo_system_grant *grant)
{
    for (size_t i = 0; i <= owner; i++) {
        const struct kozo_system_program *other = &description->system.program[i];
        for (size_t j = 0; j < other->grants; j++) {
            if (&other->grant[j] == grant) {
                return true;
            }
            if (clash(grant, &other->grant[j])) {
                return fails(description, grant->line, "this device has an owner already");
            }
        }
    }
    return true;
}

static bool check_devices(struct description *description)
{
    for (size_t i = 0; i < description->system.programs; i++) {
        const struct kozo_system_program *program = &description->system.program[i];
        for (size_t j = 0; j < program->grants; j++) {
            bool keeps = program->grant[j].kind == KOZO_GRANT_KEEPS ||
                         program->grant[j].kind == KOZO_GRANT_STORE;
            if (keeps && program->name[0] == 0) {
                return fails(description, program->grant[j].line, "only a service keeps memory");
            }
            if (!check_grant(description, i, &program->grant[j])) {
                return false;
            }
        }
    }
    return true;
}

// Turns names into numbers of programs, in the order of the text.
static bool look_up(struct description *description)
{
    struct kozo_system *system = &description->system;
    for (size_t i = 0; i < system->programs; i++) {
        struct kozo_system_program *program = &system->program[i];
        for (size_t j = 0; j < program->uses; j++) {
            size_t service = find_service(description, description->use[i][j].name);
            if (service == NONE) {
                return fails(description, description->use[i][j].line, "there is no such service");
            }
            program->use[j].program = (uint32_t)service;
        }
        for (size_t j = 0; j < program->after_count; j++) {
            size_t service = find_service(description, description->after[i][j].name);
            if (service == NONE) {
                return fails(description, description->after[i][j].line,
                             "there is no such service");
            }
            program->after[j] = (uint32_t)service;
        }
    }
    return true;
}

// Whether all that a program needs has its place in the new order.
static bool is_ready(const struct kozo_system_program *program, const size_t *place)
{
    for (size_t i = 0; i < program->uses; i++) {
        if (place[program->use[i].program] == NONE) {
            return false;
        }
    }
    for (size_t i = 0; i < program->after_count; i++) {
        if (place[program->after[i]] == NONE) {
            return false;
        }
    }
    return true;
}

// The next program of the text that may come now; NONE when every other waits for another.
static size_t next_ready(const struct kozo_system *system, const size_t *place)
{
    for (size_t i = 0; i < system->programs; i++) {
        if (place[i] == NONE && is_ready(&system->program[i], place)) {
            return i;
        }
    }
    return NONE;
}

static bool find_order(struct description *description, size_t *place, size_t *order)
{
    const struct kozo_system *system = &description->system;
    for (size_t i = 0; i < NONE; i++) {
        place[i] = NONE;
    }
    for (size_t count = 0; count < system->programs; count++) {
        size_t next = next_ready(system, place);
        if (next == NONE) {
            size_t stuck = 0;
            while (place[stuck] != NONE) {
                stuck++;
            }
            return fails(description, description->first_line[stuck],
                         "it waits for itself, through what it uses or comes after");
        }
        place[next] = count;
        order[count] = next;
    }
    return true;
}

static void apply_order(struct kozo_system *system, const size_t *place, const size_t *order)
{
    struct kozo_system sorted = {.magic = system->magic, .programs = system->programs};
    for (size_t i = 0; i < system->programs; i++) {
        struct kozo_system_program *program = &sorted.program[i];
        *program = system->program[order[i]];
        for (size_t j = 0; j < program->uses; j++) {
            program->use[j].program = (uint32_t)place[program->use[j].program];
        }
        for (size_t j = 0; j < program->after_count; j++) {
            program->after[j] = (uint32_t)place[program->after[j]];
        }
    }
    *system = sorted;
}

static bool has_self(const struct kozo_system_program *program)
{
    for (size_t i = 0; i < program->grants; i++) {
        if (program->grant[i].kind == KOZO_GRANT_SELF) {
            return true;
        }
    }
    return false;
}

// Who answers faults of a program: one service at most, and one that has room for what it needs.
static bool check_pagers(struct description *description, const size_t *order)
{
    const struct kozo_system *system = &description->system;
    for (size_t i = 0; i < system->programs; i++) {
        const struct kozo_system_program *program = &system->program[i];
        bool found = false;
        for (size_t j = 0; j < program->uses; j++) {
            const struct description_link *link = &description->use[order[i]][j];
            if (link->limit == 0) {
                continue;
            }
            if (found) {
                return fails(description, link->line, "another service answers its faults");
            }
            if (!has_self(&system->program[program->use[j].program])) {
                return fails(description, link->line, "a service that answers faults needs self");
            }
            found = true;
        }
    }
    return true;
}

// Only a file server stores anything for others.
static bool check_limits(struct description *description, const size_t *order)
{
    const struct kozo_system *system = &description->system;
    for (size_t i = 0; i < system->programs; i++) {
        const struct kozo_system_program *program = &system->program[i];
        for (size_t j = 0; j < program->uses; j++) {
            const struct description_link *link = &description->use[order[i]][j];
            if (link->most > 0 && system->program[program->use[j].program].mounts == 0) {
                return fails(description, link->most_line, "that service has no volumes");
            }
        }
    }
    return true;
}

// init's own session comes first; then each user has one.
static bool give_places(struct description *description, const size_t *order)
{
    struct kozo_system *system = &description->system;
    for (size_t i = 0; i < system->programs; i++) {
        bool own = system->program[i].terminal != 0 || system->program[i].commands != 0;
        system->program[i].places = own ? 1 : 0;
        system->program[i].pages = system->program[i].commands;
    }
    for (size_t i = 0; i < system->programs; i++) {
        struct kozo_system_program *program = &system->program[i];
        for (size_t j = 0; j < program->uses; j++) {
            struct kozo_system_program *service = &system->program[program->use[j].program];
            if (service->places == KOZO_SYSTEM_PLACES) {
                return fails(description, description->use[order[i]][j].line,
                             "the service has too many users");
            }
            program->use[j].place = service->places++;
            program->use[j].pages = description->use[order[i]][j].pages;
            program->use[j].first = service->pages;
            program->use[j].limit = description->use[order[i]][j].limit;
            program->use[j].most = description->use[order[i]][j].most;
            service->pages += program->use[j].pages;
            if (service->pages > KOZO_SYSTEM_PAGES) {
                return fails(description, description->use[order[i]][j].line,
                             "the service shares more than 256M with its users");
            }
        }
    }
    return true;
}

void description_order(struct description *description, char *const *files, size_t count)
{
    size_t place[KOZO_SYSTEM_PROGRAMS];
    size_t order[KOZO_SYSTEM_PROGRAMS];
    if (description->fault != nullptr || !check_names(description, files, count) ||
        !make_copies(description) || !check_devices(description) || !look_up(description) ||
        !find_order(description, place, order)) {
        return;
    }
    apply_order(&description->system, place, order);
    if (give_places(description, order) && check_limits(description, order)) {
        (void)check_pagers(description, order);
    }
}
