// SPDX-License-Identifier: MIT
//
// Where outputs go. See output.h.
#include "output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

// The last place in `path` where a part named `folder` begins; nullptr without one.
static const char *last_part(const char *path, const char *folder)
{
    const char *found = nullptr;
    size_t length = strlen(folder);
    for (const char *at = path; *at != '\0'; at++) {
        bool start = at == path || at[-1] == '/';
        if (start && strncmp(at, folder, length) == 0 && at[length] == '/') {
            found = at;
        }
    }
    return found;
}

const char *project_path(const char *path)
{
    const char *part = last_part(path, "abi");
    if (part == nullptr) {
        part = last_part(path, "docs");
    }
    if (part != nullptr) {
        return part;
    }
    const char *slash = strrchr(path, '/');
    return slash == nullptr ? path : slash + 1;
}

// Whether a file can be read and holds exactly this.
static bool holds(const char *path, const struct text *text)
{
    FILE *stream = fopen(path, "r");
    if (stream == nullptr) {
        return false;
    }
    char *data = reserve(text->length + 1);
    size_t length = fread(data, 1, text->length + 1, stream);
    (void)fclose(stream);
    return length == text->length && memcmp(data, text->data, length) == 0;
}

// Makes the folders that a file lies in.
static void make_folders_of(const char *path)
{
    for (const char *at = path; *at != '\0'; at++) {
        if (*at == '/' && at > path) {
            // A folder that is there already is fine; whatever else is wrong, opening the file
            // says.
            (void)mkdir(format("%.*s", (int)(at - path), path), 0777);
        }
    }
}

bool output_write(const char *path, const struct text *text)
{
    if (holds(path, text)) {
        return true;
    }
    make_folders_of(path);
    FILE *stream = fopen(path, "w");
    bool fine = stream != nullptr;
    if (fine) {
        fine = fwrite(text->data, 1, text->length, stream) == text->length;
        fine = fclose(stream) == 0 && fine;
    }
    if (!fine) {
        (void)fprintf(stderr, "abigen: can't write %s: %s\n", path, strerror(errno));
    }
    return fine;
}

bool output_compare(const char *path, const struct text *text)
{
    if (holds(path, text)) {
        return true;
    }
    (void)fprintf(stderr, "%s is stale: run ./kozo build --update-abi\n", project_path(path));
    return false;
}
