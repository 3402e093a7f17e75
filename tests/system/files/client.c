// SPDX-License-Identifier: MIT
#include "client.h"

#include <kozo/start.h>
#include <string.h>

struct kozo_session client;
static uint32_t life; // of the server, when the last request was made

// The memory for what a request names, noted before it is made.
static uint8_t *begin(void)
{
    life = __atomic_load_n(&client.page->life, __ATOMIC_ACQUIRE);
    return client.data;
}

bool client_open(void)
{
    return kozo_session_open(&client, "files");
}

enum kozo_error client_await(uint64_t number, struct kozo_entry *entry)
{
    struct kozo_notification signal = {kozo_granted("signal")};
    while (number != 0) {
        if (kozo_session_next(&client, entry)) {
            if (entry->number == number) {
                return kozo_entry_error(entry, 0);
            }
            continue;
        }
        // What was called says nothing of the life that it was called in.
        bool called = (number & KOZO_CALLED) != 0;
        if (called ? client.page->life != life : kozo_session_lost(&client, number)) {
            return KOZO_NO_REPLY;
        }
        (void)kozo_notification_wait(signal);
    }
    return KOZO_WOULD_BLOCK;
}

// Ends a request: `result` was given at once, or is read out of the completion.
#define END(result, end)                                                                           \
    do {                                                                                           \
        struct kozo_entry entry;                                                                   \
        if ((result).pending != 0) {                                                               \
            (result).error = client_await((result).pending, &entry);                               \
            if ((result).error == KOZO_OK) {                                                       \
                (result) = end(&entry);                                                            \
            }                                                                                      \
        }                                                                                          \
    } while (false)

struct client_file client_walk_bytes(uint64_t folder, const void *path, size_t length)
{
    memcpy(begin(), path, length);
    struct kozo_files_walk_result result = kozo_files_walk(client.service, folder, 0, length);
    END(result, kozo_files_walk_end);
    struct client_file file = {
        .error = result.error, .file = result.file, .used = result.used, .kind = result.kind};
    memcpy(&file.stat, client.data, sizeof file.stat);
    return file;
}

struct client_file client_walk(uint64_t folder, const char *path)
{
    return client_walk_bytes(folder, path, strlen(path));
}

struct client_file client_look(uint64_t folder, const char *path)
{
    size_t length = strlen(path);
    memcpy(begin(), path, length);
    struct kozo_files_look_result result = kozo_files_look(client.service, folder, 0, length);
    END(result, kozo_files_look_end);
    struct client_file told = {.error = result.error, .used = result.used, .kind = result.kind};
    memcpy(&told.stat, client.data, sizeof told.stat);
    return told;
}

enum kozo_error client_close(uint64_t file)
{
    return kozo_files_close(client.service, file);
}

struct client_file client_stat(uint64_t file)
{
    (void)begin();
    struct kozo_files_stat_result result = kozo_files_stat(client.service, file, 0);
    END(result, kozo_files_stat_end);
    struct client_file told = {.error = result.error};
    memcpy(&told.stat, client.data, sizeof told.stat);
    return told;
}

struct client_count client_read(uint64_t file, uint64_t offset, void *to, size_t length)
{
    (void)begin();
    struct kozo_files_read_result result = kozo_files_read(client.service, file, offset, 0, length);
    END(result, kozo_files_read_end);
    if (result.error == KOZO_OK && to != nullptr) {
        memcpy(to, client.data, result.done <= length ? result.done : 0);
    }
    return (struct client_count){.error = result.error, .done = result.done};
}

struct client_count client_write(uint64_t file, uint64_t offset, const void *from, size_t length)
{
    memcpy(begin(), from, length);
    struct kozo_files_write_result result =
        kozo_files_write(client.service, file, offset, 0, length);
    END(result, kozo_files_write_end);
    return (struct client_count){.error = result.error, .done = result.done, .end = result.end};
}

struct client_count client_list(uint64_t folder, uint64_t from, void *to, size_t length)
{
    (void)begin();
    struct kozo_files_list_result result = kozo_files_list(client.service, folder, from, 0, length);
    END(result, kozo_files_list_end);
    if (result.error == KOZO_OK) {
        memcpy(to, client.data, result.done <= length ? result.done : 0);
    }
    return (struct client_count){.error = result.error, .done = result.done};
}

static struct client_file make(uint64_t folder, const void *name, size_t length, uint64_t kind,
                               const char *target)
{
    size_t target_length = strlen(target);
    memcpy(begin(), name, length);
    memcpy(client.data + length, target, target_length);
    struct kozo_files_make_result result =
        kozo_files_make(client.service, folder, kind, 0644, 0, length, target_length);
    END(result, kozo_files_make_end);
    return (struct client_file){.error = result.error, .file = result.file};
}

struct client_file client_make_bytes(uint64_t folder, const void *name, size_t length,
                                     uint64_t kind)
{
    return make(folder, name, length, kind, "");
}

struct client_file client_make(uint64_t folder, const char *name, uint64_t kind)
{
    return make(folder, name, strlen(name), kind, "");
}

struct client_file client_make_link(uint64_t folder, const char *name, const char *target)
{
    return make(folder, name, strlen(name), KOZO_NODE_LINK, target);
}

enum kozo_error client_link(uint64_t file, uint64_t folder, const char *name)
{
    memcpy(begin(), name, strlen(name));
    struct kozo_files_link_result result =
        kozo_files_link(client.service, file, folder, 0, strlen(name));
    END(result, kozo_files_link_end);
    return result.error;
}

enum kozo_error client_remove_kind(uint64_t folder, const char *name, uint64_t kind)
{
    memcpy(begin(), name, strlen(name));
    struct kozo_files_remove_result result =
        kozo_files_remove(client.service, folder, 0, strlen(name), kind);
    END(result, kozo_files_remove_end);
    return result.error;
}

enum kozo_error client_remove(uint64_t folder, const char *name)
{
    return client_remove_kind(folder, name, 0);
}

// Puts two names where a request finds them, and tells the length of the first.
static size_t put_names(const char *name, const char *second)
{
    uint8_t *to = begin();
    size_t length = 0;
    for (; *name != 0; name++) {
        to[length++] = (uint8_t)*name;
    }
    for (size_t i = 0; second[i] != 0; i++) {
        to[length + i] = (uint8_t)second[i];
    }
    return length;
}

enum kozo_error client_rename(uint64_t folder, const char *name, uint64_t target,
                              const char *second, bool over)
{
    size_t length = put_names(name, second);
    struct kozo_files_rename_result result =
        kozo_files_rename(client.service, folder, target, 0, length, strlen(second), over);
    END(result, kozo_files_rename_end);
    return result.error;
}

enum kozo_error client_change(uint64_t file, const struct kozo_node_stat *stat, uint32_t what)
{
    memcpy(begin(), stat, sizeof *stat);
    struct kozo_files_change_result result = kozo_files_change(client.service, file, 0, what);
    END(result, kozo_files_change_end);
    return result.error;
}

enum kozo_error client_set_size(uint64_t file, uint64_t size)
{
    struct kozo_node_stat stat = {.size = size};
    return client_change(file, &stat, KOZO_CHANGE_SIZE);
}

struct client_count client_attribute(uint64_t file, const char *name, void *to, size_t room)
{
    size_t length = strlen(name);
    memcpy(begin(), name, length);
    struct kozo_files_attribute_result result =
        kozo_files_attribute(client.service, file, 0, length, room);
    END(result, kozo_files_attribute_end);
    if (result.error == KOZO_OK) {
        memcpy(to, client.data, result.size <= room ? result.size : 0);
    }
    return (struct client_count){.error = result.error, .done = result.size};
}

struct client_count client_attributes(uint64_t file, void *to, size_t room)
{
    (void)begin();
    struct kozo_files_attributes_result result =
        kozo_files_attributes(client.service, file, 0, room);
    END(result, kozo_files_attributes_end);
    if (result.error == KOZO_OK) {
        memcpy(to, client.data, result.size <= room ? result.size : 0);
    }
    return (struct client_count){.error = result.error, .done = result.size};
}

enum kozo_error client_set_attribute(uint64_t file, const char *name, const void *value,
                                     size_t size, uint64_t way)
{
    size_t length = strlen(name);
    memcpy(begin(), name, length);
    memcpy(client.data + length, value, size);
    struct kozo_files_set_attribute_result result =
        kozo_files_set_attribute(client.service, file, 0, length, size, way);
    END(result, kozo_files_set_attribute_end);
    return result.error;
}

enum kozo_error client_remove_attribute(uint64_t file, const char *name)
{
    size_t length = strlen(name);
    memcpy(begin(), name, length);
    struct kozo_files_remove_attribute_result result =
        kozo_files_remove_attribute(client.service, file, 0, length);
    END(result, kozo_files_remove_attribute_end);
    return result.error;
}

enum kozo_error client_sync(uint64_t file, bool all)
{
    (void)begin();
    struct kozo_files_sync_result result = kozo_files_sync(client.service, file, all);
    END(result, kozo_files_sync_end);
    return result.error;
}

struct kozo_files_describe_result client_describe(uint64_t file)
{
    (void)begin();
    struct kozo_files_describe_result result = kozo_files_describe(client.service, file);
    END(result, kozo_files_describe_end);
    return result;
}

struct kozo_files_pages_result client_pages(uint64_t file, uint64_t offset, bool write,
                                            uint64_t slot)
{
    struct kozo_ipc_buffer *buffer = kozo_ipc_buffer();
    struct kozo_files_pages_result result;
    do {
        (void)begin();
        buffer->receive_slot = slot;
        buffer->receive_count = 1;
        result = kozo_files_pages(client.service, file, offset, write);
        buffer->receive_slot = 0;
        if (result.pending == 0) {
            return result;
        }
        struct kozo_entry entry;
        result.error = client_await(result.pending, &entry);
    } while (result.error == KOZO_OK);
    return result;
}
