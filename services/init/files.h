// SPDX-License-Identifier: MIT
// The files that commands work on: init's own session with the file server. It is used through its
// ring only, and while init waits for an answer it goes on with everything else; so a file server or
// a volume that hangs keeps one command, which Ctrl-C breaks off.
#pragma once

#include <kozo/protocol.h>
#include <kozo/session.h>

struct init;
struct service;

constexpr size_t FILES_PATH = 512; // of a path, with a final zero

struct files {
    const struct service *service; // null: the system has no file server
    struct kozo_session session;
    uint64_t waiting; // number of the request in flight
    bool answered;
    struct kozo_entry entry; // its completion
};

// A file that is open, or why not.
struct files_file {
    enum kozo_error error;
    uint64_t number;
    struct kozo_node_stat stat;
};

// Opens init's session with that service.
void files_meet(struct init *init, struct service *service);

// Something is in the session.
void files_hear(struct init *init);

// Whether a word names a file of the file server: it begins with a slash.
[[nodiscard]] bool files_is_path(const char *word);

// Waits for the completion of a request that was begun, in `entry`. NO_REPLY when the file server
// ended meanwhile or is down; CANCELLED after Ctrl-C.
[[nodiscard]] enum kozo_error files_await(struct init *init, uint64_t number);

// The memory that requests name places in.
[[nodiscard]] uint8_t *files_data(const struct init *init);
[[nodiscard]] size_t files_size(const struct init *init);

// Opens a path. Links on the way are followed, one at its end only when `follow` says so.
[[nodiscard]] struct files_file files_open(struct init *init, const char *path, bool follow);
void files_close(struct init *init, uint64_t number);

// Opens the folder that a path's last name is in, and gives that name.
[[nodiscard]] struct files_file files_open_folder(struct init *init, const char *path,
                                                  const char **name);

// Writes a path in its shortest form: no empty names, `.` and `..` resolved. False when it is too long.
[[nodiscard]] bool files_shorten(char *result, const char *path);

// What is wrong, for "COMMAND: PATH: …".
[[nodiscard]] const char *files_reason(enum kozo_error error);
