// SPDX-License-Identifier: MIT
// Open files: a number that only its session can use, and what stands behind it. A number that was
// closed is not given again for a long time.
//
// A file remembers through which folder and by which grant it was reached. When anything has been
// moved since it was last used, it is checked that it still lies in the place of its grant.
#pragma once

#include "place.h"

constexpr size_t HANDLES = 8192;
constexpr size_t HANDLES_OF_SESSION = 6144;
constexpr uint64_t HANDLE_TOP = 1;

struct handle {
    struct node *node;   // null: the top, or a free handle
    struct node *folder; // through which it was reached; null for a root
    struct node *root;   // where its grant begins; null when nothing can move out of that
    struct view view;
    uint32_t number;
    uint32_t place;
    uint64_t moves;      // of all, when it was last checked
    struct handle *next; // of the same node, or of free ones
    struct handle *previous;
};

void handle_start(void);

// What a session's number stands for; null when it is nothing.
[[nodiscard]] struct handle *handle_find(size_t place, uint64_t number);

// Whether its file still lies in the place of its grant.
[[nodiscard]] bool handle_is_valid(struct handle *handle);

// Opens a node; null when the session or the server has too many files open.
[[nodiscard]] struct handle *handle_open(size_t place, struct node *node, struct node *folder,
                                         struct node *root, struct view view);
void handle_close(struct handle *handle);
void handle_close_all(size_t place);

// Something moved to another folder: all files that are open are checked again.
void handle_moved(struct node *node, const struct node *from, struct node *to);

// Whether a folder is in use as the beginning of a grant, or has one below it.
[[nodiscard]] bool handle_pins(const struct node *folder);
