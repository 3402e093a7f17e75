// SPDX-License-Identifier: MIT
// A client of the file server, for tests and measurements: each function makes one request and waits
// for its end. Names and contents are copied through the memory that the session shares.
#pragma once

#include <kozo/protocol.h>
#include <kozo/session.h>

struct client_file {
    enum kozo_error error;
    uint64_t file;
    uint64_t used;
    uint64_t kind;
    struct kozo_node_stat stat;
};

struct client_count {
    enum kozo_error error;
    uint64_t done;
    uint64_t end;
};

extern struct kozo_session client;

// Opens the session; false when there is none.
[[nodiscard]] bool client_open(void);

// Waits for the completion of a request that was begun or is pending.
[[nodiscard]] enum kozo_error client_await(uint64_t number, struct kozo_entry *entry);

struct client_file client_walk(uint64_t folder, const char *path);
struct client_file client_walk_bytes(uint64_t folder, const void *path, size_t length);
struct client_file client_look(uint64_t folder, const char *path);
enum kozo_error client_close(uint64_t file);
struct client_file client_stat(uint64_t file);
struct client_count client_read(uint64_t file, uint64_t offset, void *to, size_t length);
struct client_count client_write(uint64_t file, uint64_t offset, const void *from, size_t length);
struct client_count client_list(uint64_t folder, uint64_t from, void *to, size_t length);
struct client_file client_make(uint64_t folder, const char *name, uint64_t kind);
struct client_file client_make_bytes(uint64_t folder, const void *name, size_t length,
                                     uint64_t kind);
struct client_file client_make_link(uint64_t folder, const char *name, const char *target);
enum kozo_error client_link(uint64_t file, uint64_t folder, const char *name);
enum kozo_error client_remove(uint64_t folder, const char *name);
enum kozo_error client_remove_kind(uint64_t folder, const char *name, uint64_t kind);
enum kozo_error client_rename(uint64_t folder, const char *name, uint64_t target,
                              const char *second, bool over);
enum kozo_error client_change(uint64_t file, const struct kozo_node_stat *stat, uint32_t what);
enum kozo_error client_set_size(uint64_t file, uint64_t size);

// `done` is the size of the value or of all names, also when it is larger than the room.
struct client_count client_attribute(uint64_t file, const char *name, void *to, size_t room);
struct client_count client_attributes(uint64_t file, void *to, size_t room);
enum kozo_error client_set_attribute(uint64_t file, const char *name, const void *value,
                                     size_t size, uint64_t way);
enum kozo_error client_remove_attribute(uint64_t file, const char *name);
enum kozo_error client_sync(uint64_t file, bool all);
struct kozo_files_describe_result client_describe(uint64_t file);

// The Frame that holds a part of a file, in `slot`; its start and size.
struct kozo_files_pages_result client_pages(uint64_t file, uint64_t offset, bool write,
                                            uint64_t slot);
