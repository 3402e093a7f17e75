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
    } else if (grant->kind == KOZO_GRANT_KEEPS) {
        in_range = grant->first >= 12 && grant->first <= 40;
    } else if (grant->kind == KOZO_GRANT_SUPPLY || grant->kind == KOZO_GRANT_STORE) {
        in_range = grant->first > 0 && grant->first <= KOZO_SUPPLY_MOST && grant->first % 4096 == 0;
    }
    return grant->kind < KOZO_GRANTS && is_text(grant->name, sizeof grant->name) && in_range;
}

bool kozo_system_is_path(const char *path, size_t size)
{
    size_t length = strnlen(path, size);
    if (length == 0 || length == size || path[0] != '/') {
        return false;
    }
    if (length == 1) {
        return true;
    }
    for (size_t at = 0; at < length;) {
        size_t part = strcspn(path + at + 1, "/");
        bool dots = part <= 2 && strspn(path + at + 1, ".") >= part;
        if (part == 0 || dots) {
            return false;
        }
        at += 1 + part;
    }
    return is_text(path, size);
}

bool kozo_system_is_below(const char *path, const char *other)
{
    size_t length = strlen(other);
    return strncmp(path, other, length) == 0 && path[length] == '/';
}

size_t kozo_system_mount_under(const struct kozo_system_program *program, size_t number)
{
    size_t found = number;
    size_t length = 0;
    for (size_t i = 0; i < number; i++) {
        const struct kozo_system_mount *mount = &program->mount[i];
        bool under =
            mount->inside[0] == 0 && kozo_system_is_below(program->mount[number].path, mount->path);
        if (under && strlen(mount->path) > length) {
            found = i;
            length = strlen(mount->path);
        }
    }
    return found;
}

static bool is_mount(const struct kozo_system_program *program, size_t number)
{
    const struct kozo_system_mount *mount = &program->mount[number];
    if (!kozo_system_is_path(mount->path, sizeof mount->path) || mount->path[1] == 0 ||
        mount->use >= program->uses || !is_text(mount->inside, sizeof mount->inside) ||
        strchr(mount->inside, '/') != nullptr) {
        return false;
    }
    bool top = strchr(mount->path + 1, '/') == nullptr;
    return top || (mount->inside[0] == 0 && kozo_system_mount_under(program, number) < number);
}

static const char *check_files(const struct kozo_system_program *program)
{
    if (program->paths > KOZO_SYSTEM_PATHS || program->mounts > KOZO_SYSTEM_MOUNTS ||
        program->commands > program->pages) {
        return "a number in it is too large";
    }
    for (size_t i = 0; i < program->paths; i++) {
        const struct kozo_system_path *path = &program->path[i];
        if (!kozo_system_is_path(path->path, sizeof path->path) || path->use >= program->uses ||
            path->writable > 1) {
            return "a place in it is none";
        }
    }
    for (size_t i = 0; i < program->mounts; i++) {
        if (!is_mount(program, i)) {
            return "a mount in it is none";
        }
    }
    return nullptr;
}

static size_t count_pagers(const struct kozo_system_program *program)
{
    size_t count = 0;
    for (size_t i = 0; i < program->uses; i++) {
        count += program->use[i].limit > 0 ? 1 : 0;
    }
    return count;
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
            use->place >= system->program[use->program].places || use->optional > 1 ||
            use->delegates > 1 || use->pages > system->program[use->program].pages ||
            use->first > system->program[use->program].pages - use->pages) {
            return "a program in it uses what is not there";
        }
    }
    if (count_pagers(program) > 1) {
        return "a program in it has two that answer its faults";
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
    return check_files(program);
}

const char *kozo_system_check(const void *data, size_t size)
{
    const struct kozo_system *system = data;
    if ((uintptr_t)data % alignof(struct kozo_system) != 0) {
        return "it is not aligned";
    }
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

const struct kozo_system_program *kozo_system_service(const struct kozo_system *system,
                                                      const char *name)
{
    for (size_t i = 0; i < system->programs; i++) {
        if (name[0] != 0 && strcmp(system->program[i].name, name) == 0) {
            return &system->program[i];
        }
    }
    return nullptr;
}
