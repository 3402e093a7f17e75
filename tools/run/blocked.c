// SPDX-License-Identifier: MIT
#include "blocked.h"

#include <inttypes.h>
#include <string.h>

#include "message.h"

constexpr size_t SHOWN_MOST = 70; // cells of a permission in a line

// One record, decoded.
struct refused {
    bool good;
    bool optional;
    uint64_t count;
    struct policy_permission permission;
};

static struct refused decode(const char *record, size_t length)
{
    struct refused refused = {};
    size_t at = 2;
    if (length < 5 || strchr("rwo", record[0]) == nullptr || record[1] != ' ') {
        return refused;
    }
    while (at < length && at < 12 && record[at] >= '0' && record[at] <= '9') {
        refused.count = refused.count * 10 + (uint64_t)(record[at++] - '0');
    }
    char name[POLICY_NAME_SIZE];
    struct policy_text text = policy_text(name, sizeof name);
    const char *verb = record[0] == 'w' ? "write" : "read";
    policy_add(&text, "files.path.%s:%.*s", verb, (int)(length - at - 1), record + at + 1);
    struct policy_parsed parsed = policy_parse(name, text.length);
    refused.good =
        !text.cut && refused.count > 0 && record[at] == ' ' && parsed.fault == POLICY_FAULT_NONE;
    refused.optional = record[0] == 'o';
    refused.permission = parsed.permission;
    return refused;
}

// The next record from a place on; moves the place behind it.
static struct refused next(const struct told *blocked, size_t *at)
{
    const char *start = blocked->text + *at;
    const char *end = memchr(start, '\0', blocked->length - *at);
    size_t length = end != nullptr ? (size_t)(end - start) : blocked->length - *at;
    *at += length + 1;
    // Without its end it is half a record.
    return end != nullptr ? decode(start, length) : (struct refused){};
}

// --- What of it belongs together ------------------------------------------------------------------

// The names that stand for folders of a person, the narrowest first, each to read and to write.
static const enum policy_id folder_names[][2] = {
    {POLICY_FILES_DOWNLOADS_READ, POLICY_FILES_DOWNLOADS_WRITE},
    {POLICY_FILES_DOCUMENTS_READ, POLICY_FILES_DOCUMENTS_WRITE},
    {POLICY_FILES_FOLDER_READ, POLICY_FILES_FOLDER_WRITE},
    {POLICY_FILES_HOME_READ, POLICY_FILES_HOME_WRITE},
};
constexpr size_t FOLDER_NAMES = sizeof folder_names / sizeof folder_names[0];
constexpr size_t GROUPS = 2 * FOLDER_NAMES;
constexpr size_t ALONE = GROUPS; // in no such folder

// What was refused in one folder in one way.
struct group {
    size_t paths;
    uint64_t times;
    bool told;
};

// The working directory is no folder to speak of when it holds the Home folder.
static bool is_counted(const struct policy_folders *folders, enum policy_id id)
{
    bool folder = id == POLICY_FILES_FOLDER_READ || id == POLICY_FILES_FOLDER_WRITE;
    return !folder || (strcmp(folders->folder, "/") != 0 &&
                       !policy_path_is_below(folders->home, folders->folder));
}

// The number of the group of what was refused, or ALONE.
static size_t group_of(const struct policy_folders *folders, const struct refused *refused)
{
    size_t verb = policy_rights(refused->permission.id) == POLICY_READ ? 0 : 1;
    for (size_t i = 0; i < FOLDER_NAMES; i++) {
        struct policy_permission folder = {.id = folder_names[i][verb]};
        if (is_counted(folders, folder.id) &&
            policy_covers(folders, &folder, &refused->permission)) {
            return 2 * i + verb;
        }
    }
    return ALONE;
}

static void tell_path(const struct refused *refused)
{
    char name[POLICY_NAME_SIZE];
    char line[256];
    struct policy_text text = policy_text(line, sizeof line);
    policy_write(name, sizeof name, &refused->permission);
    policy_add_shown(&text, name, strlen(name), SHOWN_MOST);
    message("blocked: %s, %" PRIu64 " time%s", line, refused->count,
            refused->count == 1 ? "" : "s");
}

static void tell_group(const struct group *group, size_t number, const struct refused *first)
{
    char line[256];
    struct policy_text text = policy_text(line, sizeof line);
    const struct policy_name *name = policy_name(folder_names[number / 2][number % 2]);
    policy_add_shown(&text, first->permission.scope, strlen(first->permission.scope), SHOWN_MOST);
    message("blocked: %s, %" PRIu64 " times, first %s; to allow it: --allow %s%s", name->text,
            group->times, line, name->text,
            name->risk == POLICY_RISK_TOTAL ? " (total control)" : "");
}

// Tells of one path, or of all that belong to its group. True when there was something to say.
static bool tell(struct group *groups, size_t number, const struct refused *refused)
{
    if (number == ALONE || groups[number].paths == 1) {
        tell_path(refused);
        return true;
    }
    bool first = !groups[number].told;
    groups[number].told = true;
    if (first) {
        tell_group(&groups[number], number, refused);
    }
    return first;
}

static size_t count_groups(const struct told *blocked, const struct policy_folders *folders,
                           struct group groups[GROUPS])
{
    size_t paths = 0;
    for (size_t at = 0; at < blocked->length;) {
        struct refused refused = next(blocked, &at);
        if (!refused.good || refused.optional) {
            continue;
        }
        size_t number = group_of(folders, &refused);
        paths++;
        if (number != ALONE) {
            groups[number].paths++;
            groups[number].times += refused.count;
        }
    }
    return paths;
}

// In words, with the narrowest permission that would allow it.
static void tell_in_words(const char *program, const struct refused *first)
{
    char name[POLICY_NAME_SIZE];
    char line[512];
    const char *path = first->permission.scope;
    struct policy_text text = policy_text(line, sizeof line);
    policy_add_shown(&text, program, strlen(program), 40);
    policy_add(&text, " tried to %s ",
               policy_rights(first->permission.id) == POLICY_READ ? "read" : "change");
    policy_add_shown(&text, path, strlen(path), SHOWN_MOST);
    policy_add(&text, " (blocked); to allow it: --allow ");
    policy_write(name, sizeof name, &first->permission);
    policy_add_shown(&text, name, strlen(name), 2 * SHOWN_MOST);
    message("%s", line);
}

size_t blocked_list(const struct told *blocked, struct policy_permission *list, size_t room)
{
    size_t count = 0;
    for (size_t at = 0; at < blocked->length && count < room;) {
        struct refused refused = next(blocked, &at);
        if (refused.good) {
            list[count++] = refused.permission;
        }
    }
    return count;
}

size_t blocked_tell(const struct told *blocked, const char *program,
                    const struct policy_folders *folders)
{
    struct group groups[GROUPS] = {};
    struct refused first = {};
    size_t paths = count_groups(blocked, folders, groups);
    size_t lines = 0;
    size_t more = 0;
    for (size_t at = 0; at < blocked->length;) {
        struct refused refused = next(blocked, &at);
        if (!refused.good || refused.optional) {
            continue;
        }
        first = first.good ? first : refused;
        if (lines == BLOCKED_LINES) {
            more++;
        } else {
            lines += tell(groups, group_of(folders, &refused), &refused);
        }
    }
    if (more > 0) {
        message("and %zu more", more);
    }
    if (first.good) {
        tell_in_words(program, &first);
    }
    return paths;
}
