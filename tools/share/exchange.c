// SPDX-License-Identifier: MIT
#include "exchange.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int exchange_decoded(const struct exchange *exchange)
{
    return exchange->in.broken || exchange->in.left != 0 ? EINVAL : 0;
}

int exchange_decoded_for(const struct exchange *exchange, const struct file *file)
{
    int error = exchange_decoded(exchange);
    return error == 0 && file == nullptr ? EBADF : error;
}

struct file *exchange_file(struct exchange *exchange)
{
    struct file *file = file_find(&exchange->server->files, (uint32_t)wire_read(&exchange->in, 4));
    if (file != nullptr && file->taken_back) {
        exchange->taken_back = true;
        return nullptr;
    }
    return file;
}

struct name exchange_name(struct exchange *exchange)
{
    struct wire_text text = wire_read_text(&exchange->in);
    struct name name = {};
    bool fits = text.length <= NINE_NAME_MOST && memchr(text.text, '/', text.length) == nullptr &&
                memchr(text.text, '\0', text.length) == nullptr;
    if (fits) {
        memcpy(name.text, text.text, text.length);
    }
    if (strcmp(name.text, ".") == 0 || strcmp(name.text, "..") == 0) {
        name.text[0] = '\0';
    }
    return name;
}

bool path_join(struct path *path, const char *folder, const char *name)
{
    size_t length = strlen(folder);
    size_t added = strlen(name);
    if (length + 1 + added >= sizeof path->text) {
        return false;
    }
    memcpy(path->text, folder, length);
    if (length != 0) {
        path->text[length++] = '/';
    }
    memcpy(path->text + length, name, added + 1);
    return true;
}

// What tells the files of a place from the same files in another one: the rights to them may be others there.
static uint64_t place_number(const struct place *place)
{
    uint64_t number = 14'695'981'039'346'656'037u;
    for (const char *byte = place->name; byte != nullptr && *byte != '\0'; byte++) {
        number = (number ^ (uint8_t)*byte) * 1'099'511'628'211u;
    }
    return number & 0xffff'0000'0000;
}

void exchange_write_qid(struct exchange *exchange, const struct place *place,
                        const struct stat *status)
{
    uint8_t kind = S_ISDIR(status->st_mode)   ? NINE_FOLDER
                   : S_ISLNK(status->st_mode) ? NINE_LINKED
                                              : 0;
    uint64_t changed =
        (uint64_t)status->st_ctim.tv_sec * 1'000'000'000 + (uint64_t)status->st_ctim.tv_nsec;
    wire_write(&exchange->out, kind, 1);
    wire_write(&exchange->out, changed, 4);
    wire_write(&exchange->out,
               status->st_ino ^ (uint64_t)status->st_dev << 48 ^ place_number(place), 8);
}

bool exchange_is_top(const struct exchange *exchange, const struct file *file)
{
    return file->place == &exchange->server->top;
}

struct stat exchange_top_status(void)
{
    return (struct stat){
        .st_ino = 1, .st_mode = S_IFDIR | 0555, .st_nlink = 2, .st_blksize = 4'096};
}

int exchange_may_change(const struct exchange *exchange, const struct file *file)
{
    int error = exchange_decoded_for(exchange, file);
    return error == 0 && !place_may_change(file->place, file->path) ? EROFS : error;
}

int exchange_may_name(const struct exchange *exchange, const struct file *folder,
                      const struct name *name)
{
    struct path path;
    int error = exchange_decoded_for(exchange, folder);
    if (error != 0) {
        return error;
    }
    // Where nothing may be changed, nothing is told about names either.
    if (!folder->place->write && folder->place->writable == nullptr) {
        return EROFS;
    }
    if (name->text[0] == '\0') {
        return EINVAL;
    }
    if (!path_join(&path, folder->path, name->text)) {
        return ENAMETOOLONG;
    }
    if (!place_shows(folder->place, folder->path, name->text) ||
        place_is_closed(folder->place, path.text)) {
        return EACCES;
    }
    return place_may_move(folder->place, path.text) ? 0 : EROFS;
}

size_t exchange_room(const struct exchange *exchange, uint64_t wanted)
{
    size_t most = exchange->server->message_most - NINE_DATA_HEADER;
    return wanted < most ? wanted : most;
}
