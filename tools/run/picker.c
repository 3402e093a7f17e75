// SPDX-License-Identifier: MIT
#include "picker.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../lib/policy/secret.h"
#include "grants.h"

constexpr size_t SHOWN_MOST = 60; // cells of a path
constexpr size_t NAME_CELLS = 36;
constexpr size_t SECRET_CELLS = 16;

// --- Names --------------------------------------------------------------------------------------

static int is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void list(struct picker *picker)
{
    struct dirent **found = nullptr;
    int count = scandir(picker->folder, &found, is_shown, alphasort);
    picker->count = 0;
    picker->more = count > (int)PICKER_NAMES;
    for (int i = 0; i < count; i++) {
        if (picker->count < PICKER_NAMES) {
            struct picker_name *name = &picker->name[picker->count++];
            char path[POLICY_SCOPE_SIZE + NAME_MAX + 2];
            struct stat status = {};
            (void)snprintf(name->text, sizeof name->text, "%s", found[i]->d_name);
            (void)snprintf(path, sizeof path, "%s/%s", picker->folder, name->text);
            name->folder = stat(path, &status) == 0 && S_ISDIR(status.st_mode);
        }
        free(found[i]);
    }
    free((void *)found);
}

void picker_begin(struct picker *picker, const char *folder, bool write)
{
    *picker = (struct picker){.write = write};
    (void)snprintf(picker->folder, sizeof picker->folder, "%s", folder[0] != '\0' ? folder : "/");
    list(picker);
}

void picker_draw(const struct picker *picker, struct policy_text *text, unsigned digits)
{
    policy_add(text, "\n  In ");
    policy_add_shown(text, picker->folder, strlen(picker->folder), SHOWN_MOST);
    policy_add(text, ":\n ");
    for (size_t i = 0; i < picker->count; i++) {
        char buffer[POLICY_QUESTION_CELLS * 4];
        struct policy_text entry = policy_text(buffer, sizeof buffer);
        const char *name = picker->name[i].text;
        policy_add(&entry, " %zu ", i + 1);
        policy_add_shown(&entry, name, strlen(name), NAME_CELLS);
        policy_add(&entry, picker->name[i].folder ? "/ " : " ");
        bool fits = text->column + entry.column <= POLICY_QUESTION_CELLS;
        policy_add(text, "%s%s", fits ? "" : "\n ", buffer);
    }
    policy_add(text, picker->more ? "\n  and more.\n" : "\n");
    if (picker->problem[0] != '\0') {
        policy_add(text, "  %s\n", picker->problem);
    }
    policy_add(text, "  Type %u and a number or a path, such as %u 1 or %u ../notes; %un is no.\n",
               digits, digits, digits, digits);
    policy_add(text, "  Nothing typed for %lu seconds is a no. Your answer: ", POLICY_SILENCE);
}

// --- What a path leads to -----------------------------------------------------------------------

// The whole path of what was named. False: it is too long.
static bool make_whole(const char *folder, const char *path, char *whole, size_t size)
{
    const char *home = getenv("HOME");
    bool at_home = path[0] == '~' && path[1] == '/' && home != nullptr;
    int length = at_home          ? snprintf(whole, size, "%s%s", home, path + 1)
                 : path[0] == '/' ? snprintf(whole, size, "%s", path)
                                  : snprintf(whole, size, "%s/%s", folder, path);
    return length > 0 && (size_t)length < size;
}

// What speaks against a file, in words; null for nothing.
static const char *objection(const char *real, const struct stat *status, bool write)
{
    if (!S_ISREG(status->st_mode)) {
        return "it is no ordinary file";
    }
    if (access(real, R_OK) != 0) {
        return "you may not read it yourself";
    }
    if (write && access(real, W_OK) != 0) {
        return "you may not change it yourself";
    }
    return nullptr;
}

bool picker_resolve(const char *folder, const char *path, bool write, char real[POLICY_SCOPE_SIZE],
                    bool *is_folder, struct policy_text *problem)
{
    char whole[PATH_MAX];
    char resolved[PATH_MAX];
    struct stat status;
    *is_folder = false;
    if (!make_whole(folder, path, whole, sizeof whole)) {
        policy_add(problem, "that path is too long");
        return false;
    }
    if (realpath(whole, resolved) == nullptr || stat(resolved, &status) != 0) {
        policy_add(problem,
                   errno == EACCES ? "you may not go there yourself" : "there is no such file");
        return false;
    }
    if (!grants_resolve(resolved, real)) {
        policy_add(problem, "where it leads can't be written as a permission");
        return false;
    }
    if (S_ISDIR(status.st_mode)) {
        *is_folder = true;
        policy_add(problem, "it is a folder");
        return false;
    }
    const char *words = objection(real, &status, write);
    const char *secret = policy_secret(real);
    if (words == nullptr && secret != nullptr) {
        policy_add(problem, "it leads to ");
        policy_add_shown(problem, real, strlen(real), SECRET_CELLS);
        policy_add(problem, ", %s; only --allow gives that", secret);
        return false;
    }
    if (words == nullptr && grants_is_own(real)) {
        words = "each program has files of its own there, whatever this host has";
    }
    policy_add(problem, "%s", words != nullptr ? words : "");
    return words == nullptr;
}

// --- What is typed ------------------------------------------------------------------------------

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

// The number of a name in the list; 0: it is none.
static size_t number_of(const struct picker *picker, const char *text)
{
    size_t number = 0;
    size_t length = strspn(text, "0123456789");
    if (length == 0 || length > 3 || text[length] != '\0') {
        return 0;
    }
    number = strtoul(text, nullptr, 10);
    return number <= picker->count ? number : 0;
}

static enum picker_turn choose(struct picker *picker, const char *text)
{
    struct policy_text problem = policy_text(picker->problem, sizeof picker->problem);
    char real[POLICY_SCOPE_SIZE];
    bool is_folder = false;
    size_t number = number_of(picker, text);
    const char *path = number > 0 ? picker->name[number - 1].text : text;
    if (picker_resolve(picker->folder, path, picker->write, real, &is_folder, &problem)) {
        (void)snprintf(picker->path, sizeof picker->path, "%s", real);
        return PICKER_CHOSEN;
    }
    if (!is_folder) {
        return PICKER_UNCLEAR;
    }
    picker->problem[0] = '\0';
    (void)snprintf(picker->folder, sizeof picker->folder, "%s", real);
    list(picker);
    return PICKER_ELSEWHERE;
}

enum picker_turn picker_take(struct picker *picker, const char *line, size_t length,
                             unsigned digits)
{
    char text[POLICY_SCOPE_SIZE];
    while (length > 0 && is_space(line[length - 1])) {
        length--;
    }
    while (length > 0 && is_space(line[0])) {
        line++;
        length--;
    }
    if (length == 0) {
        return PICKER_NO;
    }
    bool mine = length > 2 && length < sizeof text && line[0] == (char)('0' + digits / 10) &&
                line[1] == (char)('0' + digits % 10);
    size_t start = 2;
    while (mine && start < length && is_space(line[start])) {
        start++;
    }
    if (!mine || start == length) {
        (void)snprintf(picker->problem, sizeof picker->problem,
                       "That is no answer to this question.");
        return PICKER_UNCLEAR;
    }
    memcpy(text, line + start, length - start);
    text[length - start] = '\0';
    return strcmp(text, "n") == 0 ? PICKER_NO : choose(picker, text);
}
