// SPDX-License-Identifier: MIT
// Notes are records: a letter for the kind, the path, and a zero byte. How often a program opened a file
// the file server can't tell, since KOZO keeps what it has read.
#include "learn.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../../lib/policy/place.h"
#include "../../lib/policy/secret.h"

constexpr size_t NOTES = 1 << 20; // bytes
constexpr size_t MOST = 1 << 16;  // notes that are looked at

enum kind : char {
    KIND_FILE = 'f',
    KIND_FOLDER = 'd',
    KIND_SECRET = 's',
};

static struct notes {
    _Atomic size_t length; // of whole records
    _Atomic bool full;
    char text[NOTES];
} *notes;

bool learn_begin(void)
{
    void *memory =
        mmap(nullptr, sizeof *notes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    notes = memory != MAP_FAILED ? memory : nullptr;
    return notes != nullptr;
}

static void note(enum kind kind, const char *path)
{
    size_t length = atomic_load(&notes->length);
    size_t size = strlen(path) + 2;
    if (size > NOTES - length) {
        atomic_store(&notes->full, true);
        return;
    }
    notes->text[length] = (char)kind;
    memcpy(notes->text + length + 1, path, size - 1);
    atomic_store(&notes->length, length + size);
}

// Where a path in a place is on the host. False when that is too long.
static bool find_whole(const struct place *place, const char *path, char whole[PLACE_PATH])
{
    const char *at = strcmp(place->at, "/") == 0 ? "" : place->at;
    int length = snprintf(whole, PLACE_PATH, "%s%s%s", at, path[0] != '\0' ? "/" : "", path);
    return length > 0 && length < (int)PLACE_PATH;
}

bool learn_hides(const struct place *place, const char *path)
{
    char whole[PLACE_PATH];
    bool named = find_whole(place, path, whole);
    bool secret = !named || policy_secret(whole) != nullptr;
    if (secret && named) {
        note(KIND_SECRET, whole);
    }
    return secret;
}

void learn_opened(const struct place *place, const char *path, bool directory)
{
    char whole[PLACE_PATH];
    if (find_whole(place, path, whole)) {
        note(directory ? KIND_FOLDER : KIND_FILE, whole);
    }
}

// --- The proposal -------------------------------------------------------------------------------

static int compare(const void *one, const void *other)
{
    return strcmp(*(const char *const *)one, *(const char *const *)other);
}

static size_t collect(const char **list)
{
    size_t count = 0;
    size_t end = atomic_load(&notes->length);
    for (size_t at = 0; at < end && at < NOTES && count < MOST;
         at += strlen(notes->text + at) + 1) {
        list[count++] = notes->text + at;
    }
    qsort((void *)list, count, sizeof list[0], compare);
    return count;
}

// A line of the proposal. What could not be a line of a profile is left out.
static void propose(FILE *to, const char *record)
{
    char name[POLICY_NAME_SIZE];
    const char *path = record + 1;
    int length = snprintf(name, sizeof name, "files.path.read:%s", path);
    if (length < 0 || (size_t)length >= sizeof name || strchr(path, '"') != nullptr ||
        policy_parse(name, (size_t)length).fault != POLICY_FAULT_NONE) {
        return;
    }
    const char *what = policy_secret(path);
    if (record[0] == KIND_SECRET) {
        (void)fprintf(to, "# %s, which was refused\n# want %s \"read it\"\n",
                      what != nullptr ? what : "a secret", name);
    } else if (record[0] == KIND_FOLDER) {
        (void)fprintf(
            to,
            "# a folder that it listed; all that is in it would be given\n# want %s \"list it\"\n",
            name);
    } else {
        (void)fprintf(to, "want %s \"read it\"\n", name);
    }
}

static void propose_changes(FILE *to, const struct told *changed)
{
    struct policy_permission permission;
    for (size_t at = 0; changed_next(changed, &at, &permission);) {
        const char *path = permission.scope;
        const char *what = policy_secret(path);
        if (strchr(path, '"') == nullptr) {
            (void)fprintf(to, "%s%s%swant files.path.write:%s \"change it\"\n",
                          what != nullptr ? "# " : "", what != nullptr ? what : "",
                          what != nullptr ? "\n# " : "", path);
        }
    }
}

bool learn_write(const char *file, const char *program, const struct told *changed)
{
    const char **list = (const char **)calloc(MOST, sizeof list[0]);
    FILE *to = list != nullptr ? fopen(file, "we") : nullptr;
    if (to == nullptr) {
        free((void *)list);
        return false;
    }
    size_t count = collect(list);
    (void)fprintf(to,
                  "# What %s opened in a run with --learn. Look at each line before you keep it.\n",
                  program);
    if (atomic_load(&notes->full)) {
        (void)fputs("# It opened more than there was room to note.\n", to);
    }
    for (size_t i = 0; i < count; i++) {
        bool again = i > 0 && strcmp(list[i], list[i - 1]) == 0;
        if (!again && (list[i][0] == KIND_SECRET || !policy_path_is_public(list[i] + 1))) {
            propose(to, list[i]);
        }
    }
    propose_changes(to, changed);
    free((void *)list);
    return fclose(to) == 0;
}
