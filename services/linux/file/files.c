// SPDX-License-Identifier: MIT
// The file server's requests, over a port.
#include "files.h"

#include "../core/receive.h"
#include "port.h"

#include <kozo/protocol.h>

constexpr size_t PIECE_BYTES = 8192; // two names and a target fit, and an attribute with its name
static_assert(PIECE_BYTES > KOZO_ATTRIBUTE_MOST + 255);

static struct port port;

bool files_open(const char *session)
{
    return port_open(&port, session, PIECE_BYTES);
}

uint32_t files_life(void)
{
    return port_life(&port);
}

struct files_piece files_piece_take(void)
{
    uint64_t at = port_piece_take(&port);
    return (struct files_piece){port.session.data + at, at, PIECE_BYTES};
}

void files_piece_give(struct files_piece piece)
{
    port_piece_give(&port, piece.at);
}

// Calls a request, as soon as there is room for its completion; when the answer comes later, waits for it and reads it from that.
#define ASK(name, ...)                                                                             \
    struct kozo_files_##name##_result result =                                                     \
        kozo_files_##name(port.session.service, __VA_ARGS__);                                      \
    while (result.error == KOZO_WOULD_BLOCK && result.pending == 0 && port_wait_any(&port)) {      \
        result = kozo_files_##name(port.session.service, __VA_ARGS__);                             \
    }                                                                                              \
    if (result.pending != 0) {                                                                     \
        struct kozo_entry entry = port_wait(&port, result.pending);                                \
        result = kozo_files_##name##_end(&entry);                                                  \
    }

struct files_walked files_walk(uint64_t folder, const struct files_piece *piece, size_t length)
{
    ASK(walk, folder, piece->at, length)
    return (struct files_walked){result.error, result.file, result.kind};
}

void files_close(uint64_t file)
{
    // A number that the file server does not know any more, after its restart, is closed too.
    (void)kozo_files_close(port.session.service, file);
}

enum kozo_error files_stat(uint64_t file, const struct files_piece *piece)
{
    ASK(stat, file, piece->at)
    return result.error;
}

struct files_moved files_read(uint64_t file, uint64_t offset, const struct files_piece *piece,
                              size_t length)
{
    ASK(read, file, offset, piece->at, length)
    return (struct files_moved){result.error, result.done, 0};
}

struct files_moved files_write(uint64_t file, uint64_t offset, const struct files_piece *piece,
                               size_t length)
{
    ASK(write, file, offset, piece->at, length)
    return (struct files_moved){result.error, result.done, result.end};
}

struct files_moved files_list(uint64_t file, uint64_t from, const struct files_piece *piece)
{
    ASK(list, file, from, piece->at, piece->size)
    return (struct files_moved){result.error, result.done, 0};
}

struct files_walked files_make(uint64_t folder, uint64_t kind, uint32_t mode,
                               const struct files_piece *piece, size_t length, size_t target)
{
    ASK(make, folder, kind, mode, piece->at, length, target)
    return (struct files_walked){result.error, result.file, kind};
}

enum kozo_error files_link(uint64_t file, uint64_t folder, const struct files_piece *piece,
                           size_t length)
{
    ASK(link, file, folder, piece->at, length)
    return result.error;
}

enum kozo_error files_remove(uint64_t folder, const struct files_piece *piece, size_t length,
                             uint64_t kind)
{
    ASK(remove, folder, piece->at, length, kind)
    return result.error;
}

enum kozo_error files_rename(uint64_t folder, uint64_t target, const struct files_piece *piece,
                             size_t length, size_t second, bool over)
{
    ASK(rename, folder, target, piece->at, length, second, over)
    return result.error;
}

enum kozo_error files_change(uint64_t file, const struct files_piece *piece, uint32_t what)
{
    ASK(change, file, piece->at, what)
    return result.error;
}

struct files_sized files_attribute(uint64_t file, const struct files_piece *piece, size_t length,
                                   size_t room)
{
    ASK(attribute, file, piece->at, length, room)
    return (struct files_sized){result.error, result.size};
}

struct files_sized files_attributes(uint64_t file, const struct files_piece *piece, size_t room)
{
    ASK(attributes, file, piece->at, room)
    return (struct files_sized){result.error, result.size};
}

enum kozo_error files_set_attribute(uint64_t file, const struct files_piece *piece, size_t length,
                                    size_t size, uint64_t way)
{
    ASK(set_attribute, file, piece->at, length, size, way)
    return result.error;
}

enum kozo_error files_remove_attribute(uint64_t file, const struct files_piece *piece,
                                       size_t length)
{
    ASK(remove_attribute, file, piece->at, length)
    return result.error;
}

enum kozo_error files_sync(uint64_t file, bool all)
{
    ASK(sync, file, all)
    return result.error;
}

void files_refresh(void)
{
    // One that does not know it believes what it was told for a second.
    (void)kozo_files_refresh(port.session.service);
}

struct files_space files_describe(uint64_t file)
{
    ASK(describe, file)
    return (struct files_space){result.error, result.block, result.blocks, result.free,
                                result.nodes};
}

struct files_run files_pages(uint64_t file, uint64_t offset, bool write)
{
    for (;;) {
        uint64_t slot = receive_begin();
        if (slot == 0) {
            return (struct files_run){.error = KOZO_NO_MEMORY};
        }
        struct kozo_files_pages_result result =
            kozo_files_pages(port.session.service, file, offset, write);
        receive_end();
        if (result.pending == 0 && result.error == KOZO_OK) {
            return (struct files_run){KOZO_OK, result.start, result.size, slot};
        }
        receive_drop(slot);
        if (result.pending == 0) {
            return (struct files_run){.error = result.error};
        }
        struct kozo_entry entry = port_wait(&port, result.pending);
        if (entry.label != KOZO_OK) {
            return (struct files_run){.error = kozo_entry_error(&entry, 0)};
        }
    }
}
