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
// Programs of KOZO's own that a sandbox has in /usr/bin (services/linux/programs), and this host has not.
static const char *const own_program[] = {"/usr/bin/kozo-cap", "/usr/bin/kozo-audit"};
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
static const char *const *names_of(const struct grants_list *list)
{
    return list->count > 0 ? list->name : nullptr;
}

static void fill_place(struct place *place, const struct grants_place *granted)
{
    place->at = granted->path;
    place->write = granted->write;
    place->only = granted->whole ? nullptr : granted->only.name;
    place->writable = names_of(&granted->writable);
    place->except = names_of(&granted->except);
    place->except_write = names_of(&granted->except_write);
    place->closed = names_of(&granted->closed);
}

// Adds a place. While the program runs (`plain`) its path must not lead through links: the program may have made them.
static int add_place(struct program *program, const struct grants_place *granted, bool plain)
{
    char name[32];
    struct view *view = &program->view;
    (void)snprintf(name, sizeof name, "place%u", ++program->places);
    int error = plain ? view_add_plain(view, granted->path, name, granted->write)
                      : view_add(view, granted->path, name, granted->path, granted->write, nullptr);
    if (error != 0) {
        const char *why =
            error == -EACCES ? "it is no folder with files of its own" : strerror(-error);
        message("%s can't be given: %s", shown(granted->path), why);
        return STATUS_FAILED;
    }
    view->given[view->files.count - 1] = true;
    fill_place(&view->files.place[view->files.count - 1], granted);
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
        status = add_place(program, &grants->place[i], false);
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
    int status = add_root(&program->view, options);
    return status != 0 ? status : share_all(&program->view, options, false);
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

// The working directory is the person's own where the program sees it, as it always does with a layer, else the root.
static void find_directory(struct program *program, const struct options *options)
{
    struct view_found found;
    char own[PLACE_PATH];
    bool seen = getcwd(own, sizeof own) != nullptr && view_find(&program->view, own, &found) == 0 &&
                S_ISDIR(found.status.st_mode) && found.place != nullptr;
    if (seen && options->root != nullptr) {
        seen = strcmp(found.place->name, "root") != 0;
    }
    bool layer = options->root == nullptr && (options->scratch || options->learn != nullptr) &&
                 program->grants->folders.folder[0] != '\0';
    (void)snprintf(program->directory, sizeof program->directory, "%s", seen || layer ? own : "/");
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

// The path of a program of KOZO's own, by that or by its name; null for none.
static const char *find_own(const char *name)
{
    for (size_t i = 0; i < sizeof own_program / sizeof own_program[0]; i++) {
        if (strcmp(own_program[i], name) == 0 ||
            strcmp(strrchr(own_program[i], '/') + 1, name) == 0) {
            return own_program[i];
        }
    }
    return nullptr;
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
        if (find_own(name) != nullptr) {
            (void)snprintf(program->path, sizeof program->path, "%s", find_own(name));
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
    if (status == 0 && !asker_begin(&program->asker, options)) {
        status = STATUS_USAGE;
    }
    status = status != 0 ? status : ask_for_profile(program->grants, options, &program->asker);
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
    if (find_own(program->path) != nullptr) {
        return 0; // it needs no library
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
    asker_end(&program->asker);
    if (program->grants != nullptr) {
        grants_end(program->grants);
        free(program->grants);
        program->grants = nullptr;
    }
}

// --- What it is started with

static void add_bytes(struct program_records *records, const char *bytes, size_t length)
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

static void add(struct program_records *records, const char *key, const char *value)
{
    add_bytes(records, key, strlen(key));
    add_bytes(records, "=", 1);
    add_bytes(records, value, strlen(value) + 1);
}

[[gnu::format(printf, 3, 4)]]
static void add_text(struct program_records *records, const char *key, const char *format, ...)
{
    char text[3 * PLACE_PATH];
    va_list values;
    va_start(values, format);
    (void)vsnprintf(text, sizeof text, format, values);
    va_end(values);
    add(records, key, text);
}

static void add_variable(struct program_records *records, const char *name, const char *value)
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

// The person's PATH without folders that the program does not see: it would look there in vain, and be told of as blocked.
static void add_path(struct program_records *records, const struct view *view, const char *folders)
{
    char kept[4 * PLACE_PATH] = "";
    size_t used = 0;
    for (; *folders != '\0'; folders += strspn(folders, ":")) {
        char folder[PLACE_PATH];
        struct view_found found;
        size_t length = strcspn(folders, ":");
        bool fits = length < sizeof folder && used + length + 2 < sizeof kept;
        (void)snprintf(folder, sizeof folder, "%.*s", (int)length, folders);
        if (fits && view_find(view, folder, &found) == 0) {
            used += (size_t)snprintf(kept + used, sizeof kept - used, "%s%s", used > 0 ? ":" : "",
                                     folder);
        }
        folders += length;
    }
    add_variable(records, "PATH", used > 0 ? kept : usual_path);
}

// Those of --env come last, and take the place of others.
static void add_environment(struct program_records *records, const struct options *options,
                            const struct view *view)
{
    for (char *const *entry = environ; *entry != nullptr; entry++) {
        size_t length = strcspn(*entry, "=");
        bool wanted = strncmp(*entry, "LC_", 3) == 0;
        for (size_t i = 0; i < sizeof passed_on / sizeof passed_on[0]; i++) {
            wanted = wanted ||
                     (strlen(passed_on[i]) == length && memcmp(*entry, passed_on[i], length) == 0);
        }
        if (!wanted || is_given(options, *entry, length)) {
            continue;
        }
        if (strncmp(*entry, "PATH=", 5) == 0) {
            add_path(records, view, *entry + 5);
        } else {
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

static void add_terminal(struct program_records *records, const struct program *program)
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

static void add_mount(struct program_records *records, const struct view *view, size_t i)
{
    add_text(records, "mount", "%s\t%s\t%s", view->path[i], view->name[i],
             may_change(&view->files.place[i]) ? "rw" : "ro");
}

// A place that lies in another one is mounted after it, or it would be covered.
static void add_view(struct program_records *records, const struct view *view)
{
    size_t order[sizeof view->path / sizeof view->path[0]];
    for (size_t i = 0; i < view->files.count; i++) {
        size_t at = i;
        for (; at > 0 && strlen(view->path[order[at - 1]]) > strlen(view->path[i]); at--) {
            order[at] = order[at - 1];
        }
        order[at] = i;
    }
    for (size_t i = 0; i < view->files.count; i++) {
        add_mount(records, view, order[i]);
    }
    for (size_t i = 0; i < view->links; i++) {
        add_text(records, "link", "%s\t%s", view->link[i].path, view->link[i].target);
    }
}

// A layer is no use without folders to begin in: the Home folder and the one where it was started are there, empty.
static void add_layer(struct program_records *records, const struct program *program,
                      const struct options *options)
{
    const struct policy_folders *folders = &program->grants->folders;
    add(records, "scratch", "1");
    if (options->root == nullptr && folders->home[0] != '\0') {
        add(records, "folder", folders->home);
    }
    if (options->root == nullptr && folders->folder[0] != '\0') {
        add(records, "folder", folders->folder);
    }
}

static void add_numbers(struct program_records *records, const struct options *options)
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

// --- While it runs

void program_record(struct program_records *records, const char *key, const char *value)
{
    add(records, key, value);
}

// Which place of the view is the one of a planned place; the count when there is none.
static size_t place_of(const struct view *view, const char *path)
{
    size_t i = 0;
    while (i < view->files.count && !(view->given[i] && strcmp(view->path[i], path) == 0)) {
        i++;
    }
    return i;
}

static bool is_planned(const struct grants *grants, const char *path)
{
    for (size_t i = 0; i < grants->count; i++) {
        if (strcmp(grants->place[i].path, path) == 0) {
            return true;
        }
    }
    return false;
}

static void drop_places(struct program *program, struct program_records *records)
{
    struct view *view = &program->view;
    for (size_t i = view->files.count; i > 0; i--) {
        if (view->given[i - 1] && !is_planned(program->grants, view->path[i - 1])) {
            add(records, "gone", view->name[i - 1]);
            view_remove(view, i - 1);
        }
    }
}

static bool bring_place(struct program *program, const struct grants_place *granted,
                        struct program_records *records)
{
    struct view *view = &program->view;
    size_t i = place_of(view, granted->path);
    bool fresh = i == view->files.count;
    if (fresh && add_place(program, granted, true) != 0) {
        return false;
    }
    bool before = may_change(&view->files.place[i]);
    fill_place(&view->files.place[i], granted);
    if (fresh || before != may_change(&view->files.place[i])) {
        add_mount(records, view, i);
    }
    return true;
}

bool program_change(struct program *program, struct program_records *records)
{
    struct grants *grants = program->grants;
    if (!grants_plan(grants)) {
        return false;
    }
    bool good = true;
    drop_places(program, records);
    for (size_t i = 0; i < grants->count; i++) {
        good = bring_place(program, &grants->place[i], records) && good;
    }
    // Whatever the guest has open is closed to it then, and it opens its files anew.
    (void)files_change(&program->view.files);
    return good && !records->failed;
}

char *program_start_frame(const struct program *program, const struct options *options,
                          size_t *length)
{
    struct program_records records = {};
    add(&records, "program", program->path);
    for (char *const *argument = options->program; *argument != nullptr; argument++) {
        add(&records, "arg", *argument);
    }
    add_environment(&records, options, &program->view);
    add(&records, "cwd", program->directory);
    add_terminal(&records, program);
    add_view(&records, &program->view);
    if (options->scratch || options->learn != nullptr) {
        add_layer(&records, program, options);
    }
    if (options->trace) {
        add(&records, "trace", "1");
    }
    if (options->report != nullptr || options->verbose) {
        add(&records, "report", "1");
    }
    if (options->report != nullptr) {
        add(&records, "paths", "1");
    }
    if (asker_is_there(&program->asker)) {
        add(&records, "asks", options->sudo ? "sudo" : "1");
    }
    add_numbers(&records, options);
    struct program_records frame = {};
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
