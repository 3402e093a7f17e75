// SPDX-License-Identifier: MIT
#include "closure.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "message.h"
#include "needs.h"
#include "outcome.h"

constexpr size_t LIBRARIES = 512; // of a program, with those of its libraries
constexpr size_t FOLDERS = 64;    // of ld.so.conf
constexpr unsigned SCRIPTS = 4;   // of which each is the interpreter of the one before

// Where libraries are when nothing else is said (ld.so(8), and Debian's way).
static const char *const usual[] = {
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib",
    "/usr/lib",
    "/lib64",
    "/usr/lib64",
};

// A file of the view in memory. bytes is null when it can't be read.
struct image {
    char *bytes;
    size_t size;
};

struct check {
    const struct view *view;
    struct closure *closure;
    const char *name; // of the program
    size_t libraries; // by name, each once
    char *library[LIBRARIES];
    size_t folders;
    char *folder[FOLDERS];
};

[[gnu::format(printf, 3, 4)]]
static void fail(struct closure *closure, int status, const char *format, ...)
{
    char text[sizeof closure->problem / 2];
    va_list values;
    va_start(values, format);
    (void)vsnprintf(text, sizeof text, format, values);
    va_end(values);
    closure->status = status;
    (void)message_escape(text, strlen(text), closure->problem, sizeof closure->problem);
}

static struct image open_image(const struct view_found *found)
{
    struct image image = {};
    int descriptor = view_open(found);
    if (descriptor < 0) {
        return image;
    }
    if (found->status.st_size > 0) {
        void *bytes =
            mmap(nullptr, (size_t)found->status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
        image.bytes = bytes == MAP_FAILED ? nullptr : bytes;
        image.size = image.bytes == nullptr ? 0 : (size_t)found->status.st_size;
    }
    (void)close(descriptor);
    return image;
}

static void close_image(struct image *image)
{
    if (image->bytes != nullptr) {
        (void)munmap(image->bytes, image->size);
    }
}

// --- Folders of libraries

static void add_folder(struct check *check, const char *path, size_t length)
{
    if (length > 0 && path[0] == '/' && check->folders < FOLDERS) {
        check->folder[check->folders] = strndup(path, length);
        check->folders += check->folder[check->folders] != nullptr ? 1 : 0;
    }
}

// One folder a line; other lines are remarks or, in the main file, includes.
static void read_configuration(struct check *check, const char *path)
{
    struct view_found found;
    if (view_find(check->view, path, &found) != 0 || !S_ISREG(found.status.st_mode)) {
        return;
    }
    struct image image = open_image(&found);
    for (size_t at = 0; at < image.size;) {
        const char *line = image.bytes + at;
        const char *newline = memchr(line, '\n', image.size - at);
        size_t length = newline != nullptr ? (size_t)(newline - line) : image.size - at;
        at += length + 1;
        while (length > 0 && (line[length - 1] == ' ' || line[length - 1] == '\t')) {
            length--;
        }
        add_folder(check, line, length);
    }
    close_image(&image);
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

// What /etc/ld.so.conf includes on Debian, and what stands in it itself.
static void read_folders(struct check *check)
{
    constexpr size_t MOST = 64;
    char *name[MOST];
    size_t count = 0;
    struct view_found found;
    int folder = -1;
    if (view_find(check->view, "/etc/ld.so.conf.d", &found) == 0 && found.place != nullptr) {
        folder = place_open_file(found.place, found.path, O_RDONLY | O_DIRECTORY);
    }
    DIR *list = folder >= 0 ? fdopendir(folder) : nullptr;
    for (struct dirent *entry = list != nullptr ? readdir(list) : nullptr;
         entry != nullptr && count < MOST; entry = readdir(list)) {
        size_t length = strlen(entry->d_name);
        if (length > 5 && strcmp(entry->d_name + length - 5, ".conf") == 0) {
            name[count] = strdup(entry->d_name);
            count += name[count] != nullptr ? 1 : 0;
        }
    }
    if (list != nullptr) {
        (void)closedir(list);
    }
    qsort((void *)name, count, sizeof name[0], compare_names);
    for (size_t i = 0; i < count; i++) {
        char path[PLACE_PATH];
        (void)snprintf(path, sizeof path, "/etc/ld.so.conf.d/%s", name[i]);
        read_configuration(check, path);
        free(name[i]);
    }
    read_configuration(check, "/etc/ld.so.conf");
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
        add_folder(check, usual[i], strlen(usual[i]));
    }
}

// --- Libraries

// Whether a library is at this path, made for this machine.
static bool try_library(const struct check *check, const char *path, struct view_found *found)
{
    if (view_find(check->view, path, found) != 0 || !S_ISREG(found->status.st_mode)) {
        return false;
    }
    struct needs needs;
    struct image image = open_image(found);
    needs_read(&needs, image.bytes, image.size);
    close_image(&image);
    return needs.kind == NEEDS_ELF;
}

// Looks in a list of folders with colons between them, where $ORIGIN stands for that of `user`.
static bool try_list(const struct check *check, const char *list, const char *user,
                     const char *name, struct view_found *found)
{
    while (list != nullptr && *list != '\0') {
        size_t length = strcspn(list, ":");
        static const char *const origins[] = {"$ORIGIN", "${ORIGIN}"};
        char path[2 * PLACE_PATH];
        int size = -1;
        for (size_t i = 0; i < 2 && size < 0; i++) {
            size_t mark = strlen(origins[i]);
            if (length >= mark && memcmp(list, origins[i], mark) == 0) {
                const char *last = strrchr(user, '/');
                size = snprintf(path, sizeof path, "%.*s%.*s/%s", (int)(last - user), user,
                                (int)(length - mark), list + mark, name);
            }
        }
        if (size < 0) {
            size = snprintf(path, sizeof path, "%.*s/%s", (int)length, list, name);
        }
        if (size > 0 && (size_t)size < sizeof path && try_library(check, path, found)) {
            return true;
        }
        list += length + (list[length] == ':' ? 1 : 0);
    }
    return false;
}

static bool find_library(const struct check *check, const struct needs *user, const char *path,
                         const char *name, struct view_found *found)
{
    if (strchr(name, '/') != nullptr) {
        return try_library(check, name, found);
    }
    if (try_list(check, user->rpath, path, name, found)) {
        return true;
    }
    for (size_t i = 0; i < check->folders; i++) {
        char candidate[2 * PLACE_PATH];
        (void)snprintf(candidate, sizeof candidate, "%s/%s", check->folder[i], name);
        if (try_library(check, candidate, found)) {
            return true;
        }
    }
    return false;
}

// Whether a library was looked for already; remembers it.
static bool is_known(struct check *check, const char *name)
{
    for (size_t i = 0; i < check->libraries; i++) {
        if (strcmp(check->library[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void remember(struct check *check, const char *name)
{
    if (check->libraries < LIBRARIES) {
        check->library[check->libraries] = strdup(name);
        check->libraries += check->library[check->libraries] != nullptr ? 1 : 0;
    }
}

// Files whose libraries are still to be looked for.
struct waiting {
    size_t count;
    char *path[LIBRARIES];
};

// Looks for the libraries of one file; those that are new wait.
static bool check_file(struct check *check, const char *path, struct waiting *waiting)
{
    struct view_found found;
    struct needs needs;
    if (view_find(check->view, path, &found) != 0) {
        return true; // it was there a moment ago; the program will tell
    }
    struct image image = open_image(&found);
    needs_read(&needs, image.bytes, image.size);
    bool good = true;
    for (size_t i = 0; i < needs.libraries && good; i++) {
        struct view_found library;
        const char *name = needs.library[i];
        if (is_known(check, name)) {
            continue;
        }
        remember(check, name);
        good = find_library(check, &needs, found.whole, name, &library);
        if (!good) {
            fail(check->closure, STATUS_NOT_FOUND, "%s needs the library %s, which is not there",
                 check->name, name);
        } else if (waiting->count < LIBRARIES) {
            waiting->path[waiting->count] = strdup(library.whole);
            waiting->count += waiting->path[waiting->count] != nullptr ? 1 : 0;
        }
    }
    close_image(&image);
    return good;
}

static void check_libraries(struct check *check, const char *path)
{
    static struct waiting waiting;
    waiting.count = 0;
    read_folders(check);
    bool good = check_file(check, path, &waiting);
    for (size_t i = 0; i < waiting.count && good; i++) {
        good = check_file(check, waiting.path[i], &waiting);
    }
    for (size_t i = 0; i < waiting.count; i++) {
        free(waiting.path[i]);
    }
}

// --- The program

// Finds a program or interpreter that may be executed.
static bool find_program(const struct check *check, const char *path, struct view_found *found)
{
    int error = view_find(check->view, path, found);
    if (error == -ENOENT || error == -ENOTDIR) {
        fail(check->closure, STATUS_NOT_FOUND, "there is no program %s", path);
    } else if (error != 0) {
        fail(check->closure, STATUS_NOT_RUNNABLE, "%s can't be run: %s", path, strerror(-error));
    } else if (!S_ISREG(found->status.st_mode)) {
        fail(check->closure, STATUS_NOT_RUNNABLE, "%s can't be run: it is a folder", path);
    } else if ((found->status.st_mode & 0111) == 0) {
        fail(check->closure, STATUS_NOT_RUNNABLE, "%s can't be run: it may not be executed", path);
    }
    return check->closure->status == 0;
}

// Checks one program; what its interpreter is, if it is a script, goes to `next`.
static void check_program(struct check *check, const char *path, char next[NEEDS_LINE])
{
    struct view_found found;
    struct needs needs;
    next[0] = '\0';
    if (!find_program(check, path, &found)) {
        return;
    }
    struct image image = open_image(&found);
    needs_read(&needs, image.bytes, image.size);
    if (image.bytes == nullptr && found.status.st_size > 0) {
        fail(check->closure, STATUS_NOT_RUNNABLE, "%s can't be run: it can't be read", path);
    } else if (needs.kind == NEEDS_UNKNOWN || needs.kind == NEEDS_WRONG) {
        fail(check->closure, STATUS_NOT_RUNNABLE, "%s can't be run: %s", path, needs.reason);
    } else if (needs.kind == NEEDS_SCRIPT) {
        memcpy(next, needs.script, NEEDS_LINE);
    } else {
        struct view_found interpreter;
        if (needs.interpreter != nullptr &&
            view_find(check->view, needs.interpreter, &interpreter) != 0) {
            fail(check->closure, STATUS_NOT_FOUND, "%s needs %s, which is not there", path,
                 needs.interpreter);
        } else if (needs.libraries > 0) {
            check_libraries(check, found.whole);
        }
    }
    close_image(&image);
}

struct closure closure_check(const struct view *view, const char *path, const char *name)
{
    struct closure closure = {};
    struct check check = {.view = view, .closure = &closure, .name = name};
    char next[NEEDS_LINE];
    char current[NEEDS_LINE];
    check_program(&check, path, next);
    for (unsigned i = 0; i < SCRIPTS && closure.status == 0 && next[0] != '\0'; i++) {
        memcpy(current, next, sizeof current);
        check_program(&check, current, next);
        if (closure.status != 0) {
            char reason[sizeof closure.problem];
            memcpy(reason, closure.problem, sizeof reason);
            (void)snprintf(closure.problem, sizeof closure.problem, "%.200s can't be run: %.290s",
                           name, reason);
        }
    }
    if (closure.status == 0 && next[0] != '\0') {
        fail(&closure, STATUS_NOT_RUNNABLE,
             "%s can't be run: its interpreter is a script, and so is that one's, without end",
             name);
    }
    for (size_t i = 0; i < check.libraries; i++) {
        free(check.library[i]);
    }
    for (size_t i = 0; i < check.folders; i++) {
        free(check.folder[i]);
    }
    return closure;
}
