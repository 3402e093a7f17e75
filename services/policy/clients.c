// SPDX-License-Identifier: MIT
#include "clients.h"

#include <kozo/board.h>
#include <string.h>

#include "permission.h"

// What the person speaks through: programs of the prompt.
static const char *const tools[] = {"bin/kozo-cap", "bin/kozo-audit"};

static struct {
    const char *file[KOZO_BOARD_SESSIONS];
    const struct kozo_system_use *session[KOZO_BOARD_SESSIONS]; // with the service below
    const struct kozo_system_program *service; // whose sessions may be delegated; null for none
    uint32_t services;
} clients;

// The last part of a file's name, which is what a program is called.
static const char *name_of(const char *file)
{
    const char *slash = strrchr(file, '/');
    return slash != nullptr ? slash + 1 : file;
}

// The session of a program with the service whose sessions may be delegated; null when it has none.
static const struct kozo_system_use *find_session(const struct kozo_system *system,
                                                  const struct kozo_system_program *program)
{
    for (uint32_t i = 0; i < program->uses; i++) {
        const struct kozo_system_use *use = &program->use[i];
        if (&system->program[use->program] == clients.service && use->pages > 0) {
            return use;
        }
    }
    return nullptr;
}

static void take_uses(const struct kozo_system *system, const struct kozo_system_program *program,
                      const struct kozo_system_program *own)
{
    for (uint32_t i = 0; i < program->uses; i++) {
        const struct kozo_system_use *use = &program->use[i];
        if (&system->program[use->program] == own && use->place < KOZO_BOARD_SESSIONS) {
            clients.file[use->place] = program->file;
            clients.session[use->place] = find_session(system, program);
        }
    }
}

static void take_own(const struct kozo_system *system, const struct kozo_system_program *own)
{
    for (uint32_t i = 0; i < own->uses; i++) {
        if (own->use[i].delegates != 0) {
            clients.service = &system->program[own->use[i].program];
        }
    }
}

static void take_service(const struct kozo_system_program *program)
{
    for (unsigned i = 0; i < POLICY_SERVICE_COUNT && program->name[0] != '\0'; i++) {
        if (strcmp(policy_service_name((enum policy_service)i), name_of(program->file)) == 0) {
            clients.services |= 1U << i;
        }
    }
}

void clients_start(const struct kozo_system *system, const char *service)
{
    const struct kozo_system_program *own = kozo_system_service(system, service);
    if (own != nullptr) {
        take_own(system, own);
    }
    for (uint64_t i = 0; own != nullptr && i < system->programs; i++) {
        take_uses(system, &system->program[i], own);
        take_service(&system->program[i]);
    }
}

const char *clients_name(size_t place)
{
    const char *file = place < KOZO_BOARD_SESSIONS ? clients.file[place] : nullptr;
    return file != nullptr ? name_of(file) : nullptr;
}

const char *clients_service(void)
{
    return clients.service != nullptr ? clients.service->name : nullptr;
}

// A program's sessions have the same life.
uint64_t clients_session(size_t place, uint64_t badge)
{
    const struct kozo_system_use *use =
        place < KOZO_BOARD_SESSIONS ? clients.session[place] : nullptr;
    return use != nullptr ? (badge & ~KOZO_BADGE_PLACE) | use->place : 0;
}

bool clients_is_tool(size_t place)
{
    const char *file = place < KOZO_BOARD_SESSIONS ? clients.file[place] : nullptr;
    for (size_t i = 0; file != nullptr && i < sizeof tools / sizeof tools[0]; i++) {
        if (strcmp(file, tools[i]) == 0) {
            return true;
        }
    }
    return false;
}

uint32_t clients_services(void)
{
    return clients.services;
}
