// SPDX-License-Identifier: MIT
// From names to places: what --allow and --deny say becomes the list of folders of this host that the
// file server may serve, and nothing else of the host is there to give. A denial wins over whatever
// allows the same, and takes its part out of a larger place.
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
    bool whole; // everything in it; else the paths in `only`, with what lies below them
    bool write; // of a whole place: what may be read may be changed
    struct grants_list only;
    struct grants_list writable;     // those of `only` that may be changed
    struct grants_list except;       // paths below it that are not there
    struct grants_list except_write; // paths below it that can only be read
};

// A link that is seen; what it leads to is given apart.
struct grants_link {
    char path[POLICY_SCOPE_SIZE];
    char target[POLICY_SCOPE_SIZE];
};

struct grants {
    struct policy_folders folders;
    size_t
        commanded; // of those that are allowed, so many stood in the command; the others were asked for
    size_t allowed;
    struct policy_permission allow[GRANTS_NAMES];
    size_t denied;
    struct policy_permission deny[GRANTS_NAMES];
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

// The folders of the person who runs this: HOME, those of xdg-user-dirs, and the working directory.
// The texts stay until the next call.
[[nodiscard]] struct policy_folders grants_folders(void);
