// SPDX-License-Identifier: MIT
#include <kozo/system.h>

#include <string.h>

static bool is_text(const char *text, size_t size)
{
    size_t length = strnlen(text, size);
    for (size_t i = 0; i < length; i++) {
        if (text[i] <= ' ' || text[i] > '~') {
            return false;
        }
    }
    return length < size;
}

static bool is_service_before(const struct kozo_system *system, uint32_t number, size_t user)
{
    return number < user && system->program[number].name[0] != 0;
}

static bool is_grant(const struct kozo_system_grant *grant)
{
    bool in_range = true;
    if (grant->kind == KOZO_GRANT_PORTS) {
        in_range = grant->count > 0 && grant->count <= 0x10000 && grant->first < 0x10000 &&
                   grant->first + grant->count <= 0x10000;
    } else if (grant->kind == KOZO_GRANT_MEMORY) {
        in_range = grant->first == KOZO_MEMORY_MOST || (grant->first >= 12 && grant->first <= 40);
    }
    return grant->kind < KOZO_GRANTS && is_text(grant->name, sizeof grant->name) && in_range;
}

static const char *check_program(const struct kozo_system *system, size_t number)
{
    const struct kozo_system_program *program = &system->program[number];
    if (!is_text(program->file, sizeof program->file) || program->file[0] == 0 ||
        !is_text(program->name, sizeof program->name)) {
        return "a name in it is no text";
    }
    if (program->grants > KOZO_SYSTEM_GRANTS || program->uses > KOZO_SYSTEM_USES ||
        program->after_count > KOZO_SYSTEM_AFTER || program->places > KOZO_SYSTEM_PLACES ||
        program->pages > KOZO_SYSTEM_PAGES || program->terminal > 1 || program->restart > 1) {
        return "a number in it is too large";
    }
    for (size_t i = 0; i < program->uses; i++) {
        const struct kozo_system_use *use = &program->use[i];
        if (!is_service_before(system, use->program, number) ||
            use->place >= system->program[use->program].places ||
            use->pages > system->program[use->program].pages ||
            use->first > system->program[use->program].pages - use->pages) {
            return "a program in it uses what is not there";
        }
    }
    for (size_t i = 0; i < program->after_count; i++) {
        if (!is_service_before(system, program->after[i], number)) {
            return "a program in it waits for what is not there";
        }
    }
    for (size_t i = 0; i < program->grants; i++) {
        if (!is_grant(&program->grant[i])) {
            return "a grant in it is out of range";
        }
    }
    return nullptr;
}

const char *kozo_system_check(const void *data, size_t size)
{
    const struct kozo_system *system = data;
    if (size != sizeof *system || system->magic != KOZO_SYSTEM_MAGIC) {
        return "it is not in compiled form";
    }
    if (system->programs > KOZO_SYSTEM_PROGRAMS) {
        return "it has too many programs";
    }
    const char *reason = nullptr;
    for (size_t i = 0; i < system->programs && reason == nullptr; i++) {
        reason = check_program(system, i);
    }
    return reason;
}
