// SPDX-License-Identifier: MIT
// The tree of files as the program of a run will see it: places of this host at paths of their own,
// and links. Paths are walked here as they will be walked there, so what is found here is there.
#pragma once

#include <sys/stat.h>

#include "files.h"

constexpr size_t VIEW_LINKS = 32;

struct view_link {
    char *path; // owned
    char *target;
};

struct view {
    struct files files;
    char *path[FILES_PLACES]; // where each place is; owned
    char *name[FILES_PLACES]; // its name; owned
    bool given[FILES_PLACES]; // by a permission, which may end
    size_t links;
    struct view_link link[VIEW_LINKS];
};

// What a path leads to.
struct view_found {
    const struct place *place; // null: a folder that only holds places
    char path[PLACE_PATH];     // in the place
    char whole[PLACE_PATH];    // the same path from the root, without links
    struct stat status;
    bool outside; // nothing was found, and no place is there that could hold it
};

// Opens a folder of this host as a place: what is in it is seen at `path`. The list `only` must live as
// long as the view. -errno.
[[nodiscard]] int view_add(struct view *view, const char *path, const char *name,
                           const char *folder, bool write, const char *const *only);

// Opens a folder as a place at its own path, which leads through no links. -errno.
[[nodiscard]] int view_add_plain(struct view *view, const char *path, const char *name, bool write);

void view_remove(struct view *view, size_t number);

// A link that is seen at `path`.
[[nodiscard]] int view_add_link(struct view *view, const char *path, const char *target);

// Walks an absolute path, through links. -errno.
[[nodiscard]] int view_find(const struct view *view, const char *path, struct view_found *found);

// Opens a file that was found, for reading. -errno.
[[nodiscard]] int view_open(const struct view_found *found);

void view_end(struct view *view);
