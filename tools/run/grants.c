// SPDX-License-Identifier: MIT
#include "grants.h"

#include <dirent.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "message.h"

constexpr size_t TEXT_SIZE = 64 << 10;
constexpr size_t LINKS_MOST = 8;      // links that lead from one to the next
constexpr size_t LINKS_FOLLOWED = 40; // in a path (path_resolution(7))

bool grants_begin(struct grants *grants, const struct policy_folders *folders)
{
    memset(grants, 0, sizeof *grants);
    grants->folders = *folders;
    grants->text = malloc(TEXT_SIZE);
    return grants->text != nullptr;
}

void grants_end(struct grants *grants)
{
    free(grants->text);
    free(grants->entry);
    grants->text = nullptr;
    grants->entry = nullptr;
}

[[gnu::format(printf, 2, 3)]]
static bool fail(struct grants *grants, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(grants->problem, sizeof grants->problem, format, arguments);
    va_end(arguments);
    return false;
}

// --- Names --------------------------------------------------------------------------------------

bool grants_add(struct grants *grants, const char *text, bool allow)
{
    size_t length = strlen(text);
    struct policy_parsed parsed = policy_parse(text, length);
    struct policy_text complaint = policy_text(grants->problem, sizeof grants->problem);
    if (parsed.fault != POLICY_FAULT_NONE) {
        policy_complain(&complaint, text, length, parsed.fault);
        return false;
    }
    const struct policy_name *name = policy_name(parsed.permission.id);
    if (allow && !policy_service_is_there(name->service)) {
        return fail(grants, "%s can't be given: KOZO has no %s yet", name->text,
                    policy_service_name(name->service));
    }
    size_t *count = allow ? &grants->allowed : &grants->denied;
    if (*count == GRANTS_NAMES) {
        return fail(grants, "more than %zu permissions", GRANTS_NAMES);
    }
    (allow ? grants->allow : grants->deny)[(*count)++] = parsed.permission;
    return true;
}

bool grants_denies(const struct grants *grants, const struct policy_permission *wanted)
{
    for (size_t i = 0; i < grants->denied; i++) {
        if (policy_covers(&grants->folders, &grants->deny[i], wanted)) {
            return true;
        }
    }
    return false;
}

bool grants_has(const struct grants *grants, const struct policy_permission *wanted)
{
    static const struct policy_permission system = {.id = POLICY_FILES_SYSTEM_READ};
    if (grants_denies(grants, wanted)) {
        return false;
    }
    for (size_t i = 0; i < grants->allowed; i++) {
        if (policy_covers(&grants->folders, &grants->allow[i], wanted)) {
            return true;
        }
    }
    return policy_covers(&grants->folders, &system, wanted);
}

// --- Places -------------------------------------------------------------------------------------

static bool list_add(struct grants *grants, struct grants_list *list, const char *name)
{
    size_t length = strlen(name) + 1;
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->name[i], name) == 0) {
            return true;
        }
    }
    if (list->count == GRANTS_LISTED || length > TEXT_SIZE - grants->text_length) {
        return fail(grants, "the permissions name too many files");
    }
    char *copy = memcpy(grants->text + grants->text_length, name, length);
    grants->text_length += length;
    list->name[list->count++] = copy;
    return true;
}

static struct grants_place *place_at(struct grants *grants, const char *path)
{
    for (size_t i = 0; i < grants->count; i++) {
        if (strcmp(grants->place[i].path, path) == 0) {
            return &grants->place[i];
        }
    }
    return nullptr;
}

static void find_real(struct grants_place *place)
{
    char real[PATH_MAX];
    if (realpath(place->path, real) != nullptr && strlen(real) < sizeof place->real) {
        memcpy(place->real, real, strlen(real) + 1);
    }
}

// The place at a path, made when there is none.
static struct grants_place *need_place(struct grants *grants, const char *path)
{
    struct grants_place *place = place_at(grants, path);
    if (place == nullptr && grants->count == GRANTS_PLACES) {
        (void)fail(grants, "the permissions name more than %zu folders", GRANTS_PLACES);
    } else if (place == nullptr) {
        place = &grants->place[grants->count++];
        (void)snprintf(place->path, sizeof place->path, "%s", path);
        find_real(place);
    }
    return place;
}

// --- What permissions stand for -----------------------------------------------------------------

static struct grants_entry *new_entry(struct grants *grants, enum grants_kind kind,
                                      const char *path)
{
    if (grants->entries == grants->entries_room) {
        size_t room = grants->entries_room > 0 ? 2 * grants->entries_room : 64;
        struct grants_entry *grown = realloc(grants->entry, room * sizeof *grown);
        if (grown == nullptr) {
            (void)fail(grants, "there is not enough memory");
            return nullptr;
        }
        grants->entry = grown;
        grants->entries_room = room;
    }
    struct grants_entry *entry = &grants->entry[grants->entries++];
    *entry = (struct grants_entry){.kind = kind, .by = grants->found};
    (void)snprintf(entry->path, sizeof entry->path, "%s", path);
    return entry;
}

static bool note(struct grants *grants, enum grants_kind kind, const char *path, bool write)
{
    struct grants_entry *entry = new_entry(grants, kind, path);
    if (entry != nullptr) {
        entry->write = write;
    }
    return entry != nullptr;
}

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

// Where the folder of a path ends, into `folder`; gives the name behind it.
static const char *split(const char *path, char folder[POLICY_SCOPE_SIZE])
{
    const char *slash = strrchr(path, '/');
    size_t length = slash == path ? 1 : (size_t)(slash - path);
    memcpy(folder, path, length);
    folder[length] = '\0';
    return slash + 1;
}

static bool note_file(struct grants *grants, const char *path, bool write)
{
    char folder[POLICY_SCOPE_SIZE];
    char clean[128];
    (void)split(path, folder);
    return is_folder(folder) ? note(grants, GRANTS_FILE, path, write)
                             : fail(grants, "there is no folder %s",
                                    message_escape(folder, strlen(folder), clean, sizeof clean));
}

static bool note_link(struct grants *grants, const char *path, const char *target)
{
    struct grants_entry *entry = new_entry(grants, GRANTS_LINK, path);
    if (entry != nullptr) {
        (void)snprintf(entry->target, sizeof entry->target, "%s", target);
    }
    return entry != nullptr;
}

// What a link leads to: as it stands there, and as a path from the root, which may lead through
// further links. False when that can't be named.
static bool read_link(const char *path, char *target, char *whole)
{
    ssize_t length = readlink(path, target, POLICY_SCOPE_SIZE - 1);
    if (length <= 0 || length == POLICY_SCOPE_SIZE - 1) {
        return false;
    }
    target[length] = '\0';
    char folder[PATH_MAX];
    char real[PATH_MAX];
    int before = target[0] == '/' ? 0 : (int)(strrchr(path, '/') - path + 1);
    (void)snprintf(folder, sizeof folder, "%.*s%s", before, path, target);
    // The last part stays as it is: it may be a link, which is to be seen as one.
    char *last = strrchr(folder, '/');
    char name[NAME_MAX + 1];
    (void)snprintf(name, sizeof name, "%s", last + 1);
    last[last == folder ? 1 : 0] = '\0';
    bool dots = name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
    if (dots || realpath(folder, real) == nullptr) {
        return false;
    }
    int size =
        snprintf(whole, POLICY_SCOPE_SIZE, "%s/%s", strcmp(real, "/") == 0 ? "" : real, name);
    return size > 0 && (size_t)size < POLICY_SCOPE_SIZE;
}

// A file or folder, or a link with what it leads to: who named the link meant that.
static bool find_path(struct grants *grants, const char *path, bool write)
{
    char at[POLICY_SCOPE_SIZE];
    char next[POLICY_SCOPE_SIZE];
    char target[POLICY_SCOPE_SIZE];
    (void)snprintf(at, sizeof at, "%s", path);
    for (size_t i = 0; i < LINKS_MOST; i++) {
        struct stat status;
        bool there = lstat(at, &status) == 0;
        if (there && S_ISDIR(status.st_mode)) {
            return note(grants, GRANTS_FOLDER, at, write);
        }
        if (!there || !S_ISLNK(status.st_mode)) {
            return note_file(grants, at, write);
        }
        if (!read_link(at, target, next)) {
            return true;
        }
        if (!note_link(grants, at, target)) {
            return false;
        }
        memcpy(at, next, sizeof at);
    }
    return true;
}

// The public places. What is directly in /etc is shown by its name alone; one that ends with an
// asterisk stays as it is, and the file server knows what it means.
static bool find_public(struct grants *grants)
{
    for (size_t i = 0; policy_public_place(i) != nullptr; i++) {
        const char *path = policy_public_place(i);
        const char *below = strncmp(path, "/etc/", 5) == 0 ? path + 5 : nullptr;
        bool name = below != nullptr && strchr(below, '/') == nullptr;
        bool good = name                      ? note_file(grants, path, false)
                    : access(path, F_OK) == 0 ? find_path(grants, path, false)
                                              : true;
        if (!good) {
            return false;
        }
    }
    return true;
}

// What a program has of its own, whatever the host has there.
static bool is_own(const char *name)
{
    static const char *const own[] = {"proc", "sys", "dev", "tmp", "run"};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        if (strcmp(name, own[i]) == 0) {
            return true;
        }
    }
    return false;
}

// All files: each folder of the root becomes a place, but for those of which a program has its own.
static bool find_root(struct grants *grants, bool write)
{
    bool good = true;
    DIR *folder = opendir("/");
    struct dirent *entry = folder != nullptr ? readdir(folder) : nullptr;
    for (; entry != nullptr && good; entry = readdir(folder)) {
        char path[POLICY_SCOPE_SIZE];
        struct stat status;
        (void)snprintf(path, sizeof path, "/%s", entry->d_name);
        bool counts = entry->d_name[0] != '.' && !is_own(entry->d_name) &&
                      lstat(path, &status) == 0 &&
                      (S_ISDIR(status.st_mode) || S_ISLNK(status.st_mode));
        good = !counts || find_path(grants, path, write);
    }
    if (folder != nullptr) {
        (void)closedir(folder);
    }
    return good;
}

static bool find_allowed(struct grants *grants, const struct policy_permission *permission)
{
    bool write = (policy_rights(permission->id) & POLICY_WRITE) != 0;
    const char *path = policy_path(&grants->folders, permission);
    if (policy_name(permission->id)->service != POLICY_SERVICE_FILES ||
        grants_denies(grants, permission)) {
        return true;
    }
    if (permission->id == POLICY_FILES_SYSTEM_READ) {
        return true; // given to every program
    }
    if (path == nullptr) {
        return fail(grants, "%s can't be given here: this host has no such place",
                    policy_name(permission->id)->text);
    }
    return strcmp(path, "/") == 0 ? find_root(grants, write) : find_path(grants, path, write);
}

// All that was not found out yet.
static bool find_all(struct grants *grants)
{
    while (grants->found < grants->allowed) {
        if (!find_allowed(grants, &grants->allow[grants->found])) {
            return false;
        }
        grants->found++;
    }
    return true;
}

// --- From entries to places ---------------------------------------------------------------------

static bool add_folder(struct grants *grants, const struct grants_entry *entry)
{
    struct grants_place *place = need_place(grants, entry->path);
    if (place == nullptr) {
        return false;
    }
    place->whole = true;
    place->write = place->write || entry->write;
    return true;
}

static bool add_file(struct grants *grants, const struct grants_entry *entry)
{
    char folder[POLICY_SCOPE_SIZE];
    const char *name = split(entry->path, folder);
    struct grants_place *place = need_place(grants, folder);
    return place != nullptr && list_add(grants, &place->only, name) &&
           (!entry->write || list_add(grants, &place->writable, name));
}

static bool add_link(struct grants *grants, const struct grants_entry *entry)
{
    for (size_t i = 0; i < grants->links; i++) {
        if (strcmp(grants->link[i].path, entry->path) == 0) {
            return true;
        }
    }
    if (grants->links == GRANTS_LINKS) {
        return fail(grants, "the permissions name more than %zu links", GRANTS_LINKS);
    }
    struct grants_link *link = &grants->link[grants->links++];
    memcpy(link->path, entry->path, sizeof link->path);
    memcpy(link->target, entry->target, sizeof link->target);
    return true;
}

static bool add_entries(struct grants *grants)
{
    static bool (*const add[])(struct grants *, const struct grants_entry *) = {
        [GRANTS_FOLDER] = add_folder, [GRANTS_FILE] = add_file, [GRANTS_LINK] = add_link};
    for (size_t i = 0; i < grants->entries; i++) {
        if (!add[grants->entry[i].kind](grants, &grants->entry[i])) {
            return false;
        }
    }
    return true;
}

// --- Places within places -----------------------------------------------------------------------

static bool has_pattern(const struct grants_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->name[i][strlen(list->name[i]) - 1] == '*') {
            return true;
        }
    }
    return false;
}

// Adds the paths of a list, which lie in a folder of a place, to a list of that place.
static bool add_below(struct grants *grants, struct grants_list *to, const char *folder,
                      const struct grants_list *names)
{
    for (size_t i = 0; i < names->count; i++) {
        char path[2 * POLICY_SCOPE_SIZE];
        (void)snprintf(path, sizeof path, "%s/%s", folder, names->name[i]);
        if (!list_add(grants, to, path)) {
            return false;
        }
    }
    return true;
}

// Makes what a place gives a part of one above it that shows only some paths.
static bool absorb(struct grants *grants, struct grants_place *outer, struct grants_place *inner)
{
    const char *below = inner->path + strlen(outer->path) + 1;
    bool good = inner->whole ? list_add(grants, &outer->only, below) &&
                                   (!inner->write || list_add(grants, &outer->writable, below))
                             : add_below(grants, &outer->only, below, &inner->only) &&
                                   add_below(grants, &outer->writable, below, &inner->writable);
    if (!inner->used) {
        inner->whole = false;
        inner->only.count = 0;
        inner->writable.count = 0;
    }
    return good;
}

static bool is_within_list(const struct grants_place *outer, const struct grants_place *inner)
{
    return inner != outer && !outer->whole && outer->only.count > 0 &&
           strcmp(outer->path, "/") != 0 && policy_path_is_below(inner->path, outer->path) &&
           (inner->whole || inner->only.count > 0) && !has_pattern(&inner->only);
}

static bool absorb_all(struct grants *grants)
{
    for (size_t i = 0; i < grants->count; i++) {
        for (size_t j = 0; j < grants->count; j++) {
            if (is_within_list(&grants->place[i], &grants->place[j]) &&
                !absorb(grants, &grants->place[i], &grants->place[j])) {
                return false;
            }
        }
    }
    return true;
}

// --- Denials ------------------------------------------------------------------------------------

static bool is_below(const char *path, const char *above)
{
    size_t length = strlen(above);
    return strncmp(path, above, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

// Takes a path and what lies below it off a list.
static void list_remove(struct grants_list *list, const char *path)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (!is_below(list->name[i], path)) {
            list->name[kept++] = list->name[i];
        }
    }
    list->count = kept;
}

// Takes out of a place what is at a path in it, which may begin with a slash; empty is all of it.
static bool take_out(struct grants *grants, struct grants_place *place, const char *below, bool all)
{
    below += below[0] == '/' ? 1 : 0;
    if (below[0] == '\0') {
        place->write = false;
        place->writable.count = 0;
        if (all) {
            place->whole = false;
            place->only.count = 0;
        }
        return true;
    }
    list_remove(&place->writable, below);
    if (all) {
        list_remove(&place->only, below);
    }
    return list_add(grants, all ? &place->except : &place->except_write, below);
}

// Takes a path out of a place that is seen at `base`.
static bool deny_in(struct grants *grants, struct grants_place *place, const char *base,
                    const char *path, bool all)
{
    if (base[0] == '\0') {
        return true;
    }
    if (policy_path_is_below(path, base)) {
        return take_out(grants, place, path + (strcmp(base, "/") == 0 ? 0 : strlen(base)), all);
    }
    return !policy_path_is_below(base, path) || take_out(grants, place, "", all);
}

// Takes a path out of all places, by where they are seen and by where they really are.
static bool deny_path(struct grants *grants, const char *path, bool all)
{
    for (size_t i = 0; i < grants->count; i++) {
        struct grants_place *place = &grants->place[i];
        if (!deny_in(grants, place, place->path, path, all) ||
            !deny_in(grants, place, place->real, path, all)) {
            return false;
        }
    }
    return true;
}

// The public files. Of names that end with an asterisk the folder of them all is taken: /etc.
static bool deny_public(struct grants *grants)
{
    for (size_t i = 0; policy_public_place(i) != nullptr; i++) {
        const char *path = policy_public_place(i);
        const char *star = strchr(path, '*');
        if (!deny_path(grants, star != nullptr ? "/etc" : path, true)) {
            return false;
        }
    }
    return true;
}

static bool apply_denials(struct grants *grants)
{
    for (size_t i = 0; i < grants->denied; i++) {
        const struct policy_permission *denied = &grants->deny[i];
        const char *path = policy_path(&grants->folders, denied);
        bool all = policy_rights(denied->id) == POLICY_READ;
        char real[PATH_MAX];
        if (denied->id == POLICY_FILES_SYSTEM_READ && !deny_public(grants)) {
            return false;
        }
        if (path != nullptr && (!deny_path(grants, path, all) ||
                                (realpath(path, real) != nullptr && strcmp(real, path) != 0 &&
                                 !deny_path(grants, real, all)))) {
            return false;
        }
    }
    return true;
}

// --- What was given for one use -----------------------------------------------------------------

// Whether another permission gives what an entry gives.
static bool is_given_otherwise(const struct grants *grants, const struct grants_entry *closed)
{
    for (size_t i = 0; i < grants->entries; i++) {
        const struct grants_entry *entry = &grants->entry[i];
        bool same = strcmp(entry->path, closed->path) == 0;
        bool above =
            entry->kind == GRANTS_FOLDER && policy_path_is_below(closed->path, entry->path);
        if (!entry->closed && entry->kind != GRANTS_LINK && (same || above)) {
            return true;
        }
    }
    return false;
}

static bool close_path(struct grants *grants, const char *path)
{
    for (size_t i = 0; i < grants->count; i++) {
        struct grants_place *place = &grants->place[i];
        size_t length = strcmp(place->path, "/") == 0 ? 0 : strlen(place->path);
        bool below = policy_path_is_below(path, place->path) && path[length] == '/';
        if (below && !list_add(grants, &place->closed, path + length + 1)) {
            return false;
        }
    }
    return true;
}

static bool apply_closed(struct grants *grants)
{
    for (size_t i = 0; i < grants->entries; i++) {
        const struct grants_entry *entry = &grants->entry[i];
        if (entry->closed && entry->kind != GRANTS_LINK && !is_given_otherwise(grants, entry) &&
            !close_path(grants, entry->path)) {
            return false;
        }
    }
    return true;
}

// Whether a whole place above gives all that a place gives. What was denied is denied in both.
static bool is_within(const struct grants *grants, const struct grants_place *place)
{
    bool changes = (place->whole && place->write) || place->writable.count > 0;
    for (size_t i = 0; i < grants->count; i++) {
        const struct grants_place *other = &grants->place[i];
        if (other != place && other->whole && (other->write || !changes) &&
            policy_path_is_below(place->path, other->path)) {
            return true;
        }
    }
    return false;
}

static void end_list(struct grants_list *list)
{
    list->name[list->count] = nullptr;
}

// Places with nothing in them are none, and neither are those that another one holds.
static void tidy(struct grants *grants)
{
    size_t kept = 0;
    bool empty[GRANTS_PLACES] = {};
    for (size_t i = 0; i < grants->count; i++) {
        struct grants_place *place = &grants->place[i];
        end_list(&place->only);
        end_list(&place->writable);
        end_list(&place->except);
        end_list(&place->except_write);
        end_list(&place->closed);
        bool held = !place->used && is_within(grants, place);
        empty[i] = (!place->whole && place->only.count == 0) || held;
    }
    for (size_t i = 0; i < grants->count; i++) {
        if (!empty[i]) {
            memmove(&grants->place[kept++], &grants->place[i], sizeof grants->place[i]);
        }
    }
    grants->count = kept;
}

// What is known of places that were planned before: they are still in use.
static void remember(struct grants *grants, const struct grants_place *before, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct grants_place *place = place_at(grants, before[i].path);
        if (place != nullptr) {
            memcpy(place->real, before[i].real, sizeof place->real);
            place->used = true;
        }
    }
}

static bool build(struct grants *grants, const struct grants_place *before, size_t count)
{
    grants->count = 0;
    grants->links = 0;
    grants->text_length = 0;
    memset(grants->place, 0, sizeof grants->place);
    if (!add_entries(grants)) {
        return false;
    }
    remember(grants, before, count);
    bool good = absorb_all(grants) && apply_denials(grants) && apply_closed(grants);
    tidy(grants);
    return good;
}

bool grants_plan(struct grants *grants)
{
    static const struct policy_permission system = {.id = POLICY_FILES_SYSTEM_READ};
    size_t before_public = grants->entries;
    bool public = !grants->public_found && !grants_denies(grants, &system);
    if (public && !find_public(grants)) {
        return false;
    }
    for (size_t i = before_public; i < grants->entries; i++) {
        grants->entry[i].by = GRANTS_PUBLIC;
    }
    grants->public_found = grants->public_found || public;
    size_t count = grants->count;
    struct grants_place *before = calloc(count + 1, sizeof *before);
    if (before == nullptr) {
        return fail(grants, "there is not enough memory");
    }
    memcpy(before, grants->place, count * sizeof *before);
    bool good = find_all(grants) && build(grants, before, count);
    free(before);
    return good;
}

// --- While a program runs -----------------------------------------------------------------------

// A walk on this host, as a program's would go, that may end at what is not there.
struct resolving {
    char real[POLICY_SCOPE_SIZE]; // so far, without links; empty is the root
    char rest[2 * POLICY_SCOPE_SIZE];
    size_t links;
    struct grants *grants; // learns of links; may be null
};

static bool resolve_link(struct resolving *walk, const char *link)
{
    char target[POLICY_SCOPE_SIZE];
    char rest[sizeof walk->rest];
    ssize_t length = readlink(link, target, sizeof target - 1);
    if (length <= 0 || (size_t)length == sizeof target - 1 || ++walk->links > LINKS_FOLLOWED) {
        return false;
    }
    target[length] = '\0';
    int size = snprintf(rest, sizeof rest, "%s/%s", target, walk->rest);
    if (size < 0 || (size_t)size >= sizeof rest ||
        (walk->grants != nullptr && !note(walk->grants, GRANTS_FILE, link, false))) {
        return false;
    }
    memcpy(walk->rest, rest, (size_t)size + 1);
    if (target[0] == '/') {
        walk->real[0] = '\0';
    }
    return true;
}

static bool resolve_name(struct resolving *walk, const char *name)
{
    char next[2 * POLICY_SCOPE_SIZE];
    struct stat status;
    if (strcmp(name, ".") == 0) {
        return true;
    }
    if (strcmp(name, "..") == 0) {
        char *slash = strrchr(walk->real, '/');
        walk->real[slash != nullptr ? (size_t)(slash - walk->real) : 0] = '\0';
        return true;
    }
    int size = snprintf(next, sizeof next, "%s/%s", walk->real, name);
    if (size < 0 || (size_t)size >= sizeof walk->real) {
        return false;
    }
    if (lstat(next, &status) == 0 && S_ISLNK(status.st_mode)) {
        return resolve_link(walk, next);
    }
    memcpy(walk->real, next, (size_t)size + 1);
    return true;
}

static bool resolve(struct resolving *walk, const char *path)
{
    if (path[0] != '/' || strlen(path) >= sizeof walk->rest) {
        return false;
    }
    memcpy(walk->rest, path, strlen(path) + 1);
    while (walk->rest[0] != '\0') {
        char name[NAME_MAX + 1];
        size_t slashes = strspn(walk->rest, "/");
        size_t length = strcspn(walk->rest + slashes, "/");
        if (length >= sizeof name) {
            return false;
        }
        memcpy(name, walk->rest + slashes, length);
        name[length] = '\0';
        memmove(walk->rest, walk->rest + slashes + length,
                strlen(walk->rest + slashes + length) + 1);
        if (length > 0 && !resolve_name(walk, name)) {
            return false;
        }
    }
    return true;
}

bool grants_is_own(const char *path)
{
    char name[16];
    size_t length = strcspn(path + 1, "/");
    (void)snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : 0), path + 1);
    return is_own(name);
}

bool grants_resolve(const char *path, char real[POLICY_SCOPE_SIZE])
{
    char name[POLICY_NAME_SIZE];
    struct resolving walk = {};
    if (!resolve(&walk, path)) {
        return false;
    }
    (void)snprintf(real, POLICY_SCOPE_SIZE, "%s", walk.real[0] != '\0' ? walk.real : "/");
    (void)snprintf(name, sizeof name, "files.path.read:%s", real);
    return policy_parse(name, strlen(name)).fault == POLICY_FAULT_NONE;
}

// What a path leads to, as entries of the permission that is added next.
static bool find_asked(struct grants *grants, const char *path, const char *real, bool write)
{
    struct stat status;
    struct resolving walk = {.grants = grants};
    if (!resolve(&walk, path) || strcmp(walk.real[0] != '\0' ? walk.real : "/", real) != 0) {
        return fail(grants, "it leads to something else now");
    }
    if (strcmp(real, "/") == 0) {
        return find_root(grants, write);
    }
    bool folder = lstat(real, &status) == 0 && S_ISDIR(status.st_mode);
    return folder ? note(grants, GRANTS_FOLDER, real, write) : note_file(grants, real, write);
}

// Where a permission leads without links: a scope is one without them already, one of the person's folders may be a link.
static bool find_named(struct grants *grants, const struct policy_permission *allowed, char *real)
{
    const char *path = policy_path(&grants->folders, allowed);
    if (allowed->scope[0] != '\0') {
        memcpy(real, allowed->scope, sizeof allowed->scope);
        return true;
    }
    return (path != nullptr && grants_resolve(path, real)) ||
           fail(grants, "this host has no such place");
}

bool grants_add_path(struct grants *grants, const struct policy_permission *allowed,
                     const char *path)
{
    char real[POLICY_SCOPE_SIZE];
    size_t before = grants->entries;
    bool write = (policy_rights(allowed->id) & POLICY_WRITE) != 0;
    if (grants->allowed == GRANTS_NAMES) {
        return fail(grants, "more than %zu permissions", GRANTS_NAMES);
    }
    if (!find_named(grants, allowed, real) || !find_asked(grants, path, real, write)) {
        grants->entries = before;
        return false;
    }
    grants->allow[grants->allowed++] = *allowed;
    grants->found = grants->allowed;
    return true;
}

bool grants_add_name(struct grants *grants, const struct policy_permission *allowed)
{
    if (grants->allowed == GRANTS_NAMES) {
        return fail(grants, "more than %zu permissions", GRANTS_NAMES);
    }
    grants->allow[grants->allowed++] = *allowed;
    grants->found = grants->allowed;
    return true;
}

void grants_remove(struct grants *grants, size_t index)
{
    size_t kept = 0;
    for (size_t i = 0; i < grants->entries; i++) {
        struct grants_entry *entry = &grants->entry[i];
        if (entry->by != index) {
            entry->by -= entry->by != GRANTS_PUBLIC && entry->by > index ? 1 : 0;
            memmove(&grants->entry[kept++], entry, sizeof *entry);
        }
    }
    grants->entries = kept;
    grants->allowed--;
    grants->found--;
    grants->commanded -= index < grants->commanded ? 1 : 0;
    grants->begun -= index < grants->begun ? 1 : 0;
    memmove(&grants->allow[index], &grants->allow[index + 1],
            (grants->allowed - index) * sizeof grants->allow[0]);
}

void grants_close(struct grants *grants, size_t index)
{
    for (size_t i = 0; i < grants->entries; i++) {
        grants->entry[i].closed = grants->entry[i].closed || grants->entry[i].by == index;
    }
}

// --- The person's folders -----------------------------------------------------------------------

struct person {
    char home[POLICY_SCOPE_SIZE];
    char documents[POLICY_SCOPE_SIZE];
    char downloads[POLICY_SCOPE_SIZE];
    char folder[POLICY_SCOPE_SIZE];
};

// Takes `XDG_NAME_DIR="$HOME/Folder"` of user-dirs.dirs(5).
static void take_folder(char *folder, const char *home, const char *line, const char *name)
{
    static const char before[] = "_DIR=\"$HOME/";
    size_t length = strlen(name);
    if (strncmp(line, name, length) == 0 &&
        strncmp(line + length, before, sizeof before - 1) == 0) {
        const char *rest = line + length + sizeof before - 1;
        (void)snprintf(folder, POLICY_SCOPE_SIZE, "%s/%.*s", home, (int)strcspn(rest, "\"\n"),
                       rest);
    }
}

static void read_folders(struct person *person)
{
    char path[PATH_MAX];
    char line[1024];
    (void)snprintf(person->documents, sizeof person->documents, "%.400s/Documents", person->home);
    (void)snprintf(person->downloads, sizeof person->downloads, "%.400s/Downloads", person->home);
    (void)snprintf(path, sizeof path, "%s/.config/user-dirs.dirs", person->home);
    FILE *file = fopen(path, "re");
    while (file != nullptr && fgets(line, sizeof line, file) != nullptr) {
        take_folder(person->documents, person->home, line, "XDG_DOCUMENTS");
        take_folder(person->downloads, person->home, line, "XDG_DOWNLOAD");
    }
    if (file != nullptr) {
        (void)fclose(file);
    }
}

// A path that could not be written as a permission is none.
static void check_path(char *path)
{
    char name[POLICY_NAME_SIZE];
    struct stat status;
    (void)snprintf(name, sizeof name, "files.path.read:%s", path);
    if (policy_parse(name, strlen(name)).fault != POLICY_FAULT_NONE || stat(path, &status) != 0 ||
        !S_ISDIR(status.st_mode)) {
        path[0] = '\0';
    }
}

struct policy_folders grants_folders(void)
{
    static struct person person;
    const char *home = getenv("HOME");
    (void)snprintf(person.home, sizeof person.home, "%s", home != nullptr ? home : "");
    if (getcwd(person.folder, sizeof person.folder) == nullptr) {
        person.folder[0] = '\0';
    }
    check_path(person.home);
    if (person.home[0] != '\0') {
        read_folders(&person);
    }
    check_path(person.documents);
    check_path(person.downloads);
    check_path(person.folder);
    return (struct policy_folders){person.home, person.documents, person.downloads, person.folder};
}
