// SPDX-License-Identifier: MIT
#include "contents.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attributes.h"

int answer_open(struct exchange *exchange)
{
    struct file *file = exchange_file(exchange);
    int flags = (int)wire_read(&exchange->in, 4);
    int error = exchange_decoded_for(exchange, file);
    if (error != 0) {
        return error;
    }
    if (file->descriptor >= 0 || file->attribute != nullptr) {
        return EBADF;
    }
    bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC) != 0;
    if (writes && !place_may_change(file->place, file->path)) {
        return EROFS;
    }
    struct stat status = exchange_top_status();
    if (exchange_is_top(exchange, file)) {
        exchange_write_qid(exchange, file->place, &status);
        wire_write(&exchange->out, exchange->server->message_most - NINE_DATA_HEADER, 4);
        return 0;
    }
    int opened = place_open_file(file->place, file->path, flags);
    if (opened < 0) {
        return -opened;
    }
    if (fstat(opened, &status) != 0) {
        error = errno;
        close(opened);
        return error;
    }
    file->descriptor = opened;
    file->directory = S_ISDIR(status.st_mode);
    file->writes = writes;
    if (file->place->opened != nullptr) {
        file->place->opened(file->place, file->path, file->directory);
    }
    exchange_write_qid(exchange, file->place, &status);
    wire_write(&exchange->out, exchange->server->message_most - NINE_DATA_HEADER, 4);
    return 0;
}

int answer_read(struct exchange *exchange)
{
    struct file *file = exchange_file(exchange);
    uint64_t offset = wire_read(&exchange->in, 8);
    uint64_t count = wire_read(&exchange->in, 4);
    int error = exchange_decoded_for(exchange, file);
    if (error != 0) {
        return error;
    }
    if (file->attribute != nullptr) {
        return attribute_read(exchange, file->attribute, offset, exchange_room(exchange, count));
    }
    if (file->descriptor < 0 || file->directory) {
        return EBADF;
    }
    struct wire_writer *out = &exchange->out;
    long got = pread(file->descriptor, out->bytes + NINE_DATA_HEADER,
                     exchange_room(exchange, count), (off_t)offset);
    if (got < 0) {
        return errno;
    }
    wire_write(out, (uint64_t)got, 4);
    out->used += (size_t)got;
    return 0;
}

int answer_write(struct exchange *exchange)
{
    struct file *file = exchange_file(exchange);
    uint64_t offset = wire_read(&exchange->in, 8);
    uint64_t count = wire_read(&exchange->in, 4);
    struct wire_text data = wire_read_bytes(&exchange->in, count);
    int error = exchange_decoded_for(exchange, file);
    if (error != 0) {
        return error;
    }
    if (file->attribute != nullptr) {
        return attribute_write(exchange, file, offset, data);
    }
    if (file->descriptor < 0 || !file->writes) {
        return EBADF;
    }
    long written = pwrite(file->descriptor, data.text, data.length, (off_t)offset);
    if (written < 0) {
        return errno;
    }
    wire_write(&exchange->out, (uint64_t)written, 4);
    return 0;
}

int answer_fsync(struct exchange *exchange)
{
    struct file *file = exchange_file(exchange);
    bool data_only = exchange->in.left != 0 && wire_read(&exchange->in, 4) != 0;
    int error = exchange_decoded_for(exchange, file);
    if (error != 0) {
        return error;
    }
    if (file->descriptor < 0) {
        return EBADF;
    }
    int result = data_only ? fdatasync(file->descriptor) : fsync(file->descriptor);
    return result == 0 ? 0 : errno;
}

// As Linux gives directory entries (getdents64(2)).
struct entry {
    uint64_t number;
    int64_t next; // where the entry after this one is
    uint16_t size;
    uint8_t kind;
    char name[];
};

// Whether the entry is there, and of a kind that can be walked to. A file system may leave the kind
// open.
static bool is_shown(const struct file *file, const struct entry *entry)
{
    bool parent = strcmp(entry->name, ".") == 0 || strcmp(entry->name, "..") == 0;
    return !parent && place_shows(file->place, file->path, entry->name) &&
           (entry->kind == DT_REG || entry->kind == DT_DIR || entry->kind == DT_LNK ||
            entry->kind == DT_UNKNOWN);
}

static bool write_entry(struct exchange *exchange, const struct place *place,
                        const struct entry *entry, size_t end)
{
    constexpr size_t FIXED = 13 + 8 + 1 + 2;
    size_t length = strlen(entry->name);
    if (exchange->out.used + FIXED + length > end) {
        return false;
    }
    struct stat status = {
        .st_ino = entry->number,
        .st_mode = entry->kind == DT_DIR   ? S_IFDIR
                   : entry->kind == DT_LNK ? S_IFLNK
                                           : S_IFREG,
    };
    exchange_write_qid(exchange, place, &status);
    wire_write(&exchange->out, (uint64_t)entry->next, 8);
    wire_write(&exchange->out, entry->kind, 1);
    wire_write_text(&exchange->out, entry->name, length);
    return true;
}

// The folder of all places; an offset is the place's number.
static int list_places(struct exchange *exchange, uint64_t offset, uint64_t count)
{
    const struct server *server = exchange->server;
    wire_write(&exchange->out, 0, 4);
    size_t start = exchange->out.used;
    size_t end = start + exchange_room(exchange, count);
    for (uint64_t i = offset; i < server->place_count; i++) {
        constexpr size_t FIXED = 13 + 8 + 1 + 2;
        const char *name = server->places[i].name;
        struct stat status;
        int found = place_find(&server->places[i], "", &status);
        if (found < 0) {
            continue;
        }
        close(found);
        if (exchange->out.used + FIXED + strlen(name) > end) {
            break;
        }
        exchange_write_qid(exchange, &server->places[i], &status);
        wire_write(&exchange->out, i + 1, 8);
        wire_write(&exchange->out, DT_DIR, 1);
        wire_write_text(&exchange->out, name, strlen(name));
    }
    wire_patch(&exchange->out, start - 4, exchange->out.used - start, 4);
    return 0;
}

int answer_readdir(struct exchange *exchange)
{
    struct file *file = exchange_file(exchange);
    uint64_t offset = wire_read(&exchange->in, 8);
    uint64_t count = wire_read(&exchange->in, 4);
    int error = exchange_decoded_for(exchange, file);
    if (error != 0) {
        return error;
    }
    if (exchange_is_top(exchange, file)) {
        return list_places(exchange, offset, count);
    }
    if (file->descriptor < 0 || !file->directory) {
        return EBADF;
    }
    if (lseek(file->descriptor, (off_t)offset, SEEK_SET) < 0) {
        return errno;
    }
    wire_write(&exchange->out, 0, 4);
    size_t start = exchange->out.used;
    size_t end = start + exchange_room(exchange, count);
    bool more = true;
    while (more) {
        alignas(struct entry) char buffer[4'096];
        long got = syscall(SYS_getdents64, file->descriptor, buffer, sizeof buffer);
        if (got < 0) {
            return errno;
        }
        more = got > 0;
        for (long at = 0; at < got && more;) {
            const struct entry *entry = (const struct entry *)(buffer + at);
            more = !is_shown(file, entry) || write_entry(exchange, file->place, entry, end);
            at += entry->size;
        }
    }
    wire_patch(&exchange->out, start - 4, exchange->out.used - start, 4);
    return 0;
}
