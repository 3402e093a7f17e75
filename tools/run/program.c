// SPDX-License-Identifier: MIT
#include "program.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "ask.h"
#include "closure.h"
#include "learn.h"
#include "message.h"
#include "outcome.h"

// Variables that the program has from the person, beside those of --env.
static const char *const passed_on[] = {"TERM", "LANG", "TZ", "HOME", "PATH"};
static const char usual_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static const char *shown(const char *text)
{
    static char clean[PLACE_PATH];
    return message_escape(text, strlen(text), clean, sizeof clean);
}

// --- What it sees

// One folder of --share, at its own path or at one made up.
static int share(struct view *view, const char *value, size_t number, bool own_path)
{
    char folder[PATH_MAX];
    char whole[PATH_MAX];
    char name[32];
    char path[40];
    size_t length = strlen(value);
    bool write = length > 3 && strcmp(value + length - 3, ":rw") == 0;
    length -= write ? 3 : 0;
    (void)snprintf(folder, sizeof folder, "%.*s", (int)length, value);
    (void)snprintf(name, sizeof name, number == 0 ? "share" : "share%zu", number + 1);
    (void)snprintf(path, sizeof path, "/%s", name);
    if (length >= sizeof folder || realpath(folder, whole) == nullptr) {
        message("can't share %s: %s", shown(folder), strerror(errno));
        return STATUS_FAILED;
    }
    int error = view_add(view, own_path ? whole : path, name, whole, write, nullptr);
    if (error == -ENOTDIR) {
        message("can't share %s: it is not a folder", shown(folder));
    } else if (error == -EACCES) {
        message("can't share %s: it is no folder with files of its own", shown(folder));
    } else if (error != 0) {
        message("can't share %s: %s", shown(folder), strerror(-error));
    }
    return error == 0 ? 0 : STATUS_FAILED;
}

static int share_all(struct view *view, const struct options *options, bool own_path)
{
    int status = 0;
    for (size_t i = 0; i < options->shares.count && status == 0; i++) {
        status = share(view, options->shares.value[i], i, own_path);
    }
    return status;
}

// A granted place, with what was taken out of it.
static int add_place(struct view *view, const struct grants_place *granted, size_t number)
{
    char name[32];
    (void)snprintf(name, sizeof name, "place%zu", number + 1);
    const char *const *only = granted->whole ? nullptr : granted->only.name;
    int error = view_add(view, granted->path, name, granted->path, granted->write, only);
    if (error != 0) {
        const char *why =
            error == -EACCES ? "it is no folder with files of its own" : strerror(-error);
        message("%s can't be given: %s", shown(granted->path), why);
        return STATUS_FAILED;
    }
    struct place *place = &view->files.place[view->files.count - 1];
    place->at = granted->path;
    place->writable = granted->writable.count > 0 ? granted->writable.name : nullptr;
    place->except = granted->except.count > 0 ? granted->except.name : nullptr;
    place->except_write = granted->except_write.count > 0 ? granted->except_write.name : nullptr;
    return 0;
}

static int add_granted(struct program *program)
{
    struct grants *grants = program->grants;
    if (!grants_plan(grants)) {
        message("%s", grants->problem);
        return STATUS_FAILED;
    }
    int status = 0;
    for (size_t i = 0; i < grants->count && status == 0; i++) {
        status = add_place(&program->view, &grants->place[i], i);
    }
    for (size_t i = 0; i < grants->links; i++) {
        (void)view_add_link(&program->view, grants->link[i].path, grants->link[i].target);
    }
    return status;
}

static int add_names(struct grants *grants, const struct option_list *names, bool allow)
{
    for (size_t i = 0; i < names->count; i++) {
        if (!grants_add(grants, names->value[i], allow)) {
            message("%s", grants->problem);
            return STATUS_USAGE;
        }
    }
    return 0;
}

// Everything that was granted on the command line. A program with a system of its own sees that
// system in the place of this host's.
static int plan_grants(struct program *program, const struct options *options)
{
    static const char system[] = "files.system.read";
    struct policy_folders folders = grants_folders();
    struct grants *grants = calloc(1, sizeof *grants);
    program->grants = grants;
    if (grants == nullptr || !grants_begin(grants, &folders)) {
        message("there is not enough memory");
        return STATUS_FAILED;
    }
    int status = add_names(grants, &options->allow, true);
    status = status != 0 ? status : add_names(grants, &options->deny, false);
    if (status == 0 && options->root != nullptr) {
        status = grants_add(grants, system, false) ? 0 : STATUS_FAILED;
    }
    return status;
}

// Everything to read, and nothing to change; the file server hides secrets and notes what is opened.
static int plan_learning(struct program *program, const struct options *options)
{
    if (options->learn == nullptr) {
        return 0;
    }
    bool folder = program->grants->folders.folder[0] != '\0';
    if (!learn_begin() || !grants_add(program->grants, "files.all.read", true) ||
        (folder && !grants_add(program->grants, "files.folder.read", true))) {
        message("there is not enough memory");
        return STATUS_FAILED;
    }
    return 0;
}

static void watch_places(struct view *view)
{
    for (size_t i = 0; i < view->files.count; i++) {
        view->files.place[i].hides = learn_hides;
        view->files.place[i].opened = learn_opened;
    }
}

static int add_root(struct view *view, const struct options *options)
{
    int error =
        options->root == nullptr ? 0 : view_add(view, "/", "root", options->root, false, nullptr);
    if (error != 0) {
        message("can't use %s as a system: %s", shown(options->root), strerror(-error));
    }
    return error == 0 ? 0 : STATUS_FAILED;
}

int program_share(struct program *program, const struct options *options)
{
    return share_all(&program->view, options, false);
}

// --- Which it is

// The value of a variable as the program will have it.
static const char *variable(const struct options *options, const char *name)
{
    size_t length = strlen(name);
    const char *value = getenv(name);
    for (size_t i = 0; i < options->environment.count; i++) {
        const char *given = options->environment.value[i];
        if (strncmp(given, name, length) == 0 && given[length] == '=') {
            value = given + length + 1;
        }
    }
    return value;
}

// The working directory is the person's own where the program sees it, else the root.
static void find_directory(struct program *program, const struct options *options)
{
    struct view_found found;
    char own[PLACE_PATH];
    bool seen = getcwd(own, sizeof own) != nullptr && view_find(&program->view, own, &found) == 0 &&
                S_ISDIR(found.status.st_mode) && found.place != nullptr;
    if (seen && options->root != nullptr) {
        seen = strcmp(found.place->name, "root") != 0;
    }
    (void)snprintf(program->directory, sizeof program->directory, "%s", seen ? own : "/");
}

static bool is_program(const struct view *view, const char *path)
{
    struct view_found found;
    return view_find(view, path, &found) == 0 && S_ISREG(found.status.st_mode) &&
           (found.status.st_mode & 0111) != 0;
}

// Looks for a name in the folders of PATH.
static bool search(struct program *program, const char *folders, const char *name)
{
    while (*folders != '\0') {
        size_t length = strcspn(folders, ":");
        int size =
            snprintf(program->path, sizeof program->path, "%.*s/%s", (int)length, folders, name);
        if (size > 0 && (size_t)size < sizeof program->path && folders[0] == '/' &&
            is_program(&program->view, program->path)) {
            return true;
        }
        folders += length + (folders[length] == ':' ? 1 : 0);
    }
    return false;
}

// Whether the host has a program that the guest does not see, and says so.
static bool is_outside(const struct program *program, const struct options *options,
                       const char *path)
{
    struct view_found found;
    char folder[PATH_MAX];
    if (options->root != nullptr || view_find(&program->view, path, &found) != -ENOENT ||
        !found.outside || realpath(path, folder) == nullptr) {
        return false;
    }
    char *last = strrchr(folder, '/');
    *(last == folder ? last + 1 : last) = '\0';
    message("%s can't be run: it was not given its folder (--allow files.path.read:%s)",
            shown(path), folder);
    return true;
}

// Finds the program's path, absolute.
static int find_program(struct program *program, const struct options *options)
{
    const char *name = options->program[0];
    if (strchr(name, '/') == nullptr) {
        const char *folders = variable(options, "PATH");
        if (search(program, folders != nullptr ? folders : usual_path, name)) {
            return 0;
        }
        message("there is no program %s", shown(name));
        return STATUS_NOT_FOUND;
    }
    char own[PLACE_PATH] = "/";
    bool relative = name[0] != '/';
    if (relative && getcwd(own, sizeof own) == nullptr) {
        message("there is no working directory");
        return STATUS_FAILED;
    }
    int size = snprintf(program->path, sizeof program->path, "%s%s%s", relative ? own : "",
                        relative ? "/" : "", name);
    if (size < 0 || (size_t)size >= sizeof program->path) {
        message("the path of the program is too long");
        return STATUS_NOT_FOUND;
    }
    return is_outside(program, options, program->path) ? STATUS_NOT_RUNNABLE : 0;
}

static void find_terminals(struct program *program)
{
    program->terminal_descriptor = -1;
    for (int i = 2; i >= 0; i--) {
        program->terminal[i] = isatty(i) == 1;
        if (program->terminal[i]) {
            program->terminal_descriptor = i;
        }
    }
}

int program_plan(struct program *program, const struct options *options)
{
    find_terminals(program);
    int status = plan_grants(program, options);
    status = status != 0 ? status : ask_for_profile(program->grants, options);
    status = status != 0 ? status : plan_learning(program, options);
    status = status != 0 ? status : add_root(&program->view, options);
    status = status != 0 ? status : add_granted(program);
    status = status != 0 ? status : share_all(&program->view, options, true);
    if (status != 0) {
        return status;
    }
    find_directory(program, options);
    status = find_program(program, options);
    if (options->learn != nullptr) {
        watch_places(&program->view);
    }
    if (status != 0) {
        return status;
    }
    struct closure closure = closure_check(&program->view, program->path, options->program[0]);
    if (closure.status != 0) {
        message("%s", closure.problem);
    }
    return closure.status;
}

void program_end(struct program *program)
{
    view_end(&program->view);
    if (program->grants != nullptr) {
        grants_end(program->grants);
        free(program->grants);
        program->grants = nullptr;
    }
}

// --- What it is started with

// Records, each ended by a zero, one after the other.
struct records {
    char *bytes;
    size_t length;
    size_t size;
    bool failed;
};

static void add_bytes(struct records *records, const char *bytes, size_t length)
{
    if (records->length + length > records->size) {
        size_t size = 2 * (records->length + length);
        char *grown = realloc(records->bytes, size);
        if (grown == nullptr) {
            records->failed = true;
            return;
        }
        records->bytes = grown;
        records->size = size;
    }
    memcpy(records->bytes + records->length, bytes, length);
    records->length += length;
}

static void add(struct records *records, const char *key, const char *value)
{
    add_bytes(records, key, strlen(key));
    add_bytes(records, "=", 1);
    add_bytes(records, value, strlen(value) + 1);
}

[[gnu::format(printf, 3, 4)]]
static void add_text(struct records *records, const char *key, const char *format, ...)
{
    char text[3 * PLACE_PATH];
    va_list values;
    va_start(values, format);
    (void)vsnprintf(text, sizeof text, format, values);
    va_end(values);
    add(records, key, text);
}

static void add_variable(struct records *records, const char *name, const char *value)
{
    add_bytes(records, "env=", 4);
    add_bytes(records, name, strlen(name));
    add_bytes(records, "=", 1);
    add_bytes(records, value, strlen(value) + 1);
}

static bool is_given(const struct options *options, const char *name, size_t length)
{
    for (size_t i = 0; i < options->environment.count; i++) {
        const char *given = options->environment.value[i];
        if (strncmp(given, name, length) == 0 && (given[length] == '=' || given[length] == '\0')) {
            return true;
        }
    }
    return false;
}

// Those of --env come last, and take the place of others.
static void add_environment(struct records *records, const struct options *options)
{
    for (char *const *entry = environ; *entry != nullptr; entry++) {
        size_t length = strcspn(*entry, "=");
        bool wanted = strncmp(*entry, "LC_", 3) == 0;
        for (size_t i = 0; i < sizeof passed_on / sizeof passed_on[0]; i++) {
            wanted = wanted ||
                     (strlen(passed_on[i]) == length && memcmp(*entry, passed_on[i], length) == 0);
        }
        if (wanted && !is_given(options, *entry, length)) {
            add(records, "env", *entry);
        }
    }
    if (variable(options, "PATH") == nullptr) {
        add_variable(records, "PATH", usual_path);
    }
    for (size_t i = 0; i < options->environment.count; i++) {
        const char *given = options->environment.value[i];
        const char *own = getenv(given);
        if (strchr(given, '=') != nullptr) {
            add(records, "env", given);
        } else if (own != nullptr) {
            add_variable(records, given, own);
        }
    }
}

static void add_terminal(struct records *records, const struct program *program)
{
    char digits[4] = "";
    size_t length = 0;
    for (int i = 0; i < 3; i++) {
        if (program->terminal[i]) {
            digits[length++] = (char)('0' + i);
        }
    }
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    if (program->terminal_descriptor >= 0) {
        (void)ioctl(program->terminal_descriptor, TIOCGWINSZ, &size);
    }
    add(records, "tty", digits);
    add_text(records, "rows", "%u", size.ws_row);
    add_text(records, "columns", "%u", size.ws_col);
}

static bool may_change(const struct place *place)
{
    return place->write || place->writable != nullptr;
}

static void add_view(struct records *records, const struct view *view)
{
    for (size_t i = 0; i < view->files.count; i++) {
        add_text(records, "mount", "%s\t%s\t%s", view->path[i], view->name[i],
                 may_change(&view->files.place[i]) ? "rw" : "ro");
    }
    for (size_t i = 0; i < view->links; i++) {
        add_text(records, "link", "%s\t%s", view->link[i].path, view->link[i].target);
    }
}

static void add_numbers(struct records *records, const struct options *options)
{
    mode_t mask = umask(0);
    (void)umask(mask);
    struct timespec time = {};
    (void)clock_gettime(CLOCK_REALTIME, &time);
    add_text(records, "uid", "%u", getuid());
    add_text(records, "gid", "%u", getgid());
    add_text(records, "umask", "%o", mask);
    add_text(records, "memory", "%u", options->memory);
    add_text(records, "time", "%" PRIu64,
             (uint64_t)time.tv_sec * 1'000'000'000 + (uint64_t)time.tv_nsec);
}

char *program_start_frame(const struct program *program, const struct options *options,
                          size_t *length)
{
    struct records records = {};
    add(&records, "program", program->path);
    for (char *const *argument = options->program; *argument != nullptr; argument++) {
        add(&records, "arg", *argument);
    }
    add_environment(&records, options);
    add(&records, "cwd", program->directory);
    add_terminal(&records, program);
    add_view(&records, &program->view);
    if (options->trace) {
        add(&records, "trace", "1");
    }
    if (options->report != nullptr || options->verbose) {
        add(&records, "report", "1");
    }
    add_numbers(&records, options);
    struct records frame = {};
    char header[32];
    int size = snprintf(header, sizeof header, "start %zu\n", records.length);
    add_bytes(&frame, header, (size_t)size);
    if (!records.failed) {
        add_bytes(&frame, records.bytes, records.length);
    }
    free(records.bytes);
    if (records.failed || frame.failed) {
        free(frame.bytes);
        return nullptr;
    }
    *length = frame.length;
    return frame.bytes;
}
