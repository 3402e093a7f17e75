// SPDX-License-Identifier: MIT
#include "view.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

constexpr unsigned LINKS_FOLLOWED = 40; // as Linux has it (path_resolution(7))

static int add(struct view *view, const char *path, const char *name, const char *folder,
               bool write)
{
    struct files *files = &view->files;
    size_t number = files->count;
    if (number == FILES_PLACES) {
        return -ENFILE;
    }
    char *own_path = strdup(path);
    char *own_name = strdup(name);
    int error = own_path == nullptr || own_name == nullptr ? -ENOMEM
                : folder == nullptr ? place_open_plain(&files->place[number], own_name, path, write)
                                    : place_open(&files->place[number], own_name, folder, write);
    if (error != 0) {
        free(own_path);
        free(own_name);
        return error;
    }
    view->path[number] = own_path;
    view->name[number] = own_name;
    view->given[number] = false;
    files->count++;
    return 0;
}

int view_add(struct view *view, const char *path, const char *name, const char *folder, bool write,
             const char *const *only)
{
    int error = add(view, path, name, folder, write);
    if (error == 0) {
        view->files.place[view->files.count - 1].only = only;
    }
    return error;
}

int view_add_plain(struct view *view, const char *path, const char *name, bool write)
{
    return add(view, path, name, nullptr, write);
}

void view_remove(struct view *view, size_t number)
{
    struct files *files = &view->files;
    place_close(&files->place[number]);
    free(view->path[number]);
    free(view->name[number]);
    files->count--;
    for (size_t i = number; i < files->count; i++) {
        files->place[i] = files->place[i + 1];
        view->path[i] = view->path[i + 1];
        view->name[i] = view->name[i + 1];
        view->given[i] = view->given[i + 1];
    }
    view->path[files->count] = nullptr;
    view->name[files->count] = nullptr;
}

int view_add_link(struct view *view, const char *path, const char *target)
{
    if (view->links == VIEW_LINKS) {
        return -ENFILE;
    }
    struct view_link link = {.path = strdup(path), .target = strdup(target)};
    if (link.path == nullptr || link.target == nullptr) {
        free(link.path);
        free(link.target);
        return -ENOMEM;
    }
    view->link[view->links++] = link;
    return 0;
}

void view_end(struct view *view)
{
    for (size_t i = 0; i < FILES_PLACES; i++) {
        free(view->path[i]);
        free(view->name[i]);
    }
    for (size_t i = 0; i < view->links; i++) {
        free(view->link[i].path);
        free(view->link[i].target);
    }
    files_end(&view->files);
}

// Whether `path` is `above` or lies below it.
static bool is_below(const char *path, const char *above)
{
    size_t length = strcmp(above, "/") == 0 ? 0 : strlen(above);
    return strncmp(path, above, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

// The place that holds a path: of several, the one that lies lowest.
static const struct place *place_of(const struct view *view, const char *path, const char **rest)
{
    const struct place *place = nullptr;
    size_t longest = 0;
    for (size_t i = 0; i < view->files.count; i++) {
        size_t length = strlen(view->path[i]);
        if (is_below(path, view->path[i]) && (place == nullptr || length > longest)) {
            place = &view->files.place[i];
            longest = length;
            *rest = path + (strcmp(view->path[i], "/") == 0 ? 0 : length);
        }
    }
    while (place != nullptr && **rest == '/') {
        (*rest)++;
    }
    return place;
}

static bool holds_place(const struct view *view, const char *path)
{
    for (size_t i = 0; i < view->files.count; i++) {
        if (is_below(view->path[i], path)) {
            return true;
        }
    }
    return false;
}

// Where a walk has come to.
struct walk {
    const struct view *view;
    struct view_found *found;
    char rest[2 * PLACE_PATH]; // still to be walked
    unsigned followed;
};

// Goes on at a link's target, from the folder that the link is in.
static int follow(struct walk *walk, const char *target)
{
    char rest[2 * PLACE_PATH];
    int length = snprintf(rest, sizeof rest, "%s/%s", target, walk->rest);
    if (++walk->followed > LINKS_FOLLOWED) {
        return -ELOOP;
    }
    if (length < 0 || (size_t)length >= sizeof rest) {
        return -ENAMETOOLONG;
    }
    memcpy(walk->rest, rest, (size_t)length + 1);
    walk->found->status.st_mode = S_IFDIR;
    if (target[0] == '/') {
        walk->found->whole[0] = '\0';
    }
    return 0;
}

// What is at `next`, one step below where the walk is.
static int look(struct walk *walk, const char *next)
{
    struct view_found *found = walk->found;
    for (size_t i = 0; i < walk->view->links; i++) {
        if (strcmp(walk->view->link[i].path, next) == 0) {
            return follow(walk, walk->view->link[i].target);
        }
    }
    const char *rest = "";
    found->place = place_of(walk->view, next, &rest);
    if (found->place == nullptr) {
        found->outside = !holds_place(walk->view, next);
        found->status = (struct stat){.st_mode = S_IFDIR | 0555};
        memcpy(found->whole, next, strlen(next) + 1);
        return found->outside ? -ENOENT : 0;
    }
    int opened = place_find(found->place, rest, &found->status);
    if (opened == -ENOENT && holds_place(walk->view, next)) {
        // Only a place below is there.
        found->status = (struct stat){.st_mode = S_IFDIR | 0555};
        memcpy(found->whole, next, strlen(next) + 1);
        return 0;
    }
    if (opened < 0) {
        return opened;
    }
    (void)close(opened);
    if (S_ISLNK(found->status.st_mode)) {
        char target[PLACE_PATH];
        long length = place_read_link(found->place, rest, target, sizeof target - 1);
        target[length < 0 ? 0 : length] = '\0';
        return length < 0 ? (int)length : follow(walk, target);
    }
    (void)snprintf(found->path, sizeof found->path, "%s", rest);
    memcpy(found->whole, next, strlen(next) + 1);
    return 0;
}

static int step(struct walk *walk, const char *name, size_t length)
{
    struct view_found *found = walk->found;
    if (!S_ISDIR(found->status.st_mode)) {
        return -ENOTDIR;
    }
    if (length == 1 && name[0] == '.') {
        return 0;
    }
    if (length == 2 && name[0] == '.' && name[1] == '.') {
        char *last = strrchr(found->whole, '/');
        if (last != nullptr) {
            *last = '\0';
        }
        return 0;
    }
    char next[PLACE_PATH];
    int size = snprintf(next, sizeof next, "%s/%.*s", found->whole, (int)length, name);
    return size < 0 || (size_t)size >= sizeof next ? -ENAMETOOLONG : look(walk, next);
}

// The root itself, or what a walk that ended with ".." came to.
static int settle(const struct view *view, struct view_found *found)
{
    const char *rest = "";
    found->place = place_of(view, found->whole[0] == '\0' ? "/" : found->whole, &rest);
    (void)snprintf(found->path, sizeof found->path, "%s", rest);
    int opened = found->place == nullptr ? -ENOENT : place_find(found->place, rest, &found->status);
    if (opened >= 0) {
        (void)close(opened);
    }
    if (found->whole[0] == '\0') {
        memcpy(found->whole, "/", 2);
    }
    return 0;
}

int view_find(const struct view *view, const char *path, struct view_found *found)
{
    struct walk walk = {.view = view, .found = found};
    *found = (struct view_found){.status.st_mode = S_IFDIR | 0555};
    if (path[0] != '/' || strlen(path) >= PLACE_PATH) {
        return -ENOENT;
    }
    memcpy(walk.rest, path, strlen(path) + 1);
    int error = 0;
    while (error == 0 && walk.rest[0] != '\0') {
        size_t slashes = strspn(walk.rest, "/");
        size_t length = strcspn(walk.rest + slashes, "/");
        char name[PLACE_PATH];
        if (length >= sizeof name) {
            return -ENAMETOOLONG;
        }
        memcpy(name, walk.rest + slashes, length);
        memmove(walk.rest, walk.rest + slashes + length, strlen(walk.rest + slashes + length) + 1);
        error = length > 0 ? step(&walk, name, length) : 0;
    }
    return error != 0 ? error : settle(view, found);
}

int view_open(const struct view_found *found)
{
    return found->place == nullptr ? -EISDIR : place_open_file(found->place, found->path, O_RDONLY);
}
