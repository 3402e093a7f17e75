// SPDX-License-Identifier: MIT
// From names to places: what --allow and --deny say becomes the list of folders of this host that the
// file server may serve, and nothing else of the host is there to give. A denial wins over whatever
// allows the same, and takes its part out of a larger place.
//
// It goes in two steps. What a permission stands for on this host, kinds of files and where links lead, is found out once, when
// it is given: a program that may change a folder can put a link there later, and gains nothing. From that the
// places are built, as often as permissions come and go while a program runs.
//
// A folder is a place of its own. A single file is a place that shows only its name, since a program
// that may read it need not see what lies beside it; what else is given below such a place is one of its paths.
#pragma once

#include <stddef.h>

#include "../../lib/policy/place.h"

constexpr size_t GRANTS_NAMES = 128;  // permissions of one run
constexpr size_t GRANTS_PLACES = 48;  // places
constexpr size_t GRANTS_LINKS = 32;   // links
constexpr size_t GRANTS_LISTED = 256; // names of one list

// Names that belong to a place, in the order in which they were added.
struct grants_list {
    size_t count;
    const char *name[GRANTS_LISTED + 1]; // ends with a null
};

struct grants_place {
    char path[POLICY_SCOPE_SIZE]; // where it is seen
    char real[POLICY_SCOPE_SIZE]; // the same without links; empty when that can't be told
    bool used;  // it was planned before, and a program may be in it: it stays a place of its own
    bool whole; // everything in it; else the paths in `only`, with what lies below them
    bool write; // of a whole place: what may be read may be changed
    struct grants_list only;
    struct grants_list writable;     // those of `only` that may be changed
    struct grants_list except;       // paths below it that are not there
    struct grants_list except_write; // paths below it that can only be read
    struct grants_list closed;       // paths below it to which no way leads any more
};

// A link that is seen; what it leads to is given apart.
struct grants_link {
    char path[POLICY_SCOPE_SIZE];
    char target[POLICY_SCOPE_SIZE];
};

enum grants_kind : uint8_t {
    GRANTS_FOLDER, // all that is in it
    GRANTS_FILE,   // that name in its folder
    GRANTS_LINK,   // a link; what it leads to is given apart
};

// What a permission stands for on this host.
struct grants_entry {
    enum grants_kind kind;
    bool write;
    bool closed; // given for one use, which was made: no way leads there any more
    size_t by;   // which permission of `allow`; GRANTS_PUBLIC
    char path[POLICY_SCOPE_SIZE];
    char target[POLICY_SCOPE_SIZE]; // of a link
};

constexpr size_t GRANTS_PUBLIC = SIZE_MAX; // what is given to every program

struct grants {
    struct policy_folders folders;
    size_t
        commanded; // of those that are allowed, so many stood in the command; the others were asked for
    size_t allowed;
    struct policy_permission allow[GRANTS_NAMES];
    size_t denied;
    struct policy_permission deny[GRANTS_NAMES];
    size_t begun; // of those that are allowed, so many were when the program began
    size_t found; // of those that are allowed, for so many it is known what they stand for
    bool public_found;
    size_t entries;
    size_t entries_room;
    struct grants_entry *entry; // owned
    size_t count;
    struct grants_place place[GRANTS_PLACES];
    size_t links;
    struct grants_link link[GRANTS_LINKS];
    char *text; // what the names of lists point into
    size_t text_length;
    char problem[256]; // one sentence, when something failed
};

// Starts without any. The texts of the folders must live as long as the grants.
[[nodiscard]] bool grants_begin(struct grants *grants, const struct policy_folders *folders);

void grants_end(struct grants *grants);

// Adds a permission, as it was written behind --allow or --deny. False: `problem` says why.
[[nodiscard]] bool grants_add(struct grants *grants, const char *text, bool allow);

// Whether a permission is given: by a name, or as the one that is given to every program.
[[nodiscard]] bool grants_has(const struct grants *grants, const struct policy_permission *wanted);

// Whether a permission was denied by name.
[[nodiscard]] bool grants_denies(const struct grants *grants,
                                 const struct policy_permission *wanted);

// Works out the places. Looks at the host for nothing but kinds of files and where links lead. False: `problem`.
[[nodiscard]] bool grants_plan(struct grants *grants);

// What a path that a program asks for leads to on this host, without links; it need not be there. False when it can't be told,
// or could not be written as a permission.
[[nodiscard]] bool grants_resolve(const char *path, char real[POLICY_SCOPE_SIZE]);

// Whether a path is in a part of the tree that each program has of its own, whatever the host has there.
[[nodiscard]] bool grants_is_own(const char *path);

// Adds a permission that is none for files while the program runs. False: `problem`.
[[nodiscard]] bool grants_add_name(struct grants *grants, const struct policy_permission *allowed);

// Adds a permission while the program runs, for a path of it (grants_resolve): links on the way are shown as such, and
// what the path leads to must be what `allowed` names, by a scope without links or as one of the person's folders. To be
// planned. False: `problem`.
[[nodiscard]] bool grants_add_path(struct grants *grants, const struct policy_permission *allowed,
                                   const char *path);

// Takes a permission away, by its place in `allow`. To be planned.
void grants_remove(struct grants *grants, size_t index);

// The use that a permission was given for was made. To be planned.
void grants_close(struct grants *grants, size_t index);

// The folders of the person who runs this: HOME, those of xdg-user-dirs, and the working directory.
// The texts stay until the next call.
[[nodiscard]] struct policy_folders grants_folders(void);
