// SPDX-License-Identifier: MIT
// Open files: a number that only its session can use, and what stands behind it. A number that was
// closed is not given again for a long time, and one of a former life of the server never stands for
// anything: a client that does not know yet of that life's end must not meet another file.
//
// A file remembers through which folder and by which grant it was reached. When anything has been
// moved since it was last used, it is checked that it still lies in the place of its grant.
#pragma once

#include "place.h"

constexpr size_t HANDLES = 12288;
constexpr uint64_t HANDLE_TOP = 1;

struct handle {
    struct node *node;   // null: the top, or a free handle
    struct node *folder; // through which it was reached; null for a root
    struct node *root;   // where its grant begins; null when nothing can move out of that
    struct view view;
    uint32_t number; // within this life
    uint32_t place;
    uint64_t moves;      // of all, when it was last checked
    struct handle *next; // of the same node, or of free ones
    struct handle *previous;
};

// The top of a session, which was given its place just now.
void handle_renew(size_t session);

// `life` tells this life of the server from those before.
void handle_start(uint32_t life);

// The number under which its session knows it.
[[nodiscard]] uint64_t handle_number(const struct handle *handle);

// What a session's number stands for; null when it is nothing.
[[nodiscard]] struct handle *handle_find(size_t place, uint64_t number);

// Whether its file still lies in the place of its grant.
[[nodiscard]] bool handle_is_valid(struct handle *handle);

// Opens a node; null when the session would have more than its quota.
[[nodiscard]] struct handle *handle_open(size_t place, struct node *node, struct node *folder,
                                         struct node *root, struct view view);
void handle_close(struct handle *handle);

// Whether a session has a node open.
[[nodiscard]] bool handle_is_open(size_t place, const struct node *node);

void handle_close_all(size_t place);

// Something moved to another folder: all files that are open are checked again.
void handle_moved(struct node *node, const struct node *from, struct node *to);
