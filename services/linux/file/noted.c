// SPDX-License-Identifier: MIT
#include "noted.h"

#include "../core/store.h"

#include <string.h>

struct noted *noted_add(struct noted_paths *paths, const char *path)
{
    for (unsigned i = 0; i < paths->count; i++) {
        if (strcmp(paths->path[i].path, path) == 0) {
            return &paths->path[i];
        }
    }
    uint32_t size = (uint32_t)strlen(path) + 1;
    char *copy = paths->count < NOTED_MOST ? store_take(size) : nullptr;
    if (copy == nullptr) {
        paths->missed++;
        return nullptr;
    }
    memcpy(copy, path, size);
    paths->path[paths->count] = (struct noted){.path = copy, .size = size};
    return &paths->path[paths->count++];
}

static bool is_at_or_below(const char *path, const char *folder)
{
    size_t length = strlen(folder);
    return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

void noted_take_out(struct noted_paths *paths, const char *path)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < paths->count; i++) {
        if (is_at_or_below(paths->path[i].path, path)) {
            store_give(paths->path[i].path, paths->path[i].size);
        } else {
            paths->path[kept++] = paths->path[i];
        }
    }
    paths->count = kept;
}
