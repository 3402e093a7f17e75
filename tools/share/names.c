// SPDX-License-Identifier: MIT
#include "names.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

// Where a walk is.
struct walk {
    const struct place *place;
    struct path path;
    struct stat status;
};

// From the folder of all places into one of them.
static int walk_into_place(const struct exchange *exchange, struct walk *walk, const char *name)
{
    const struct place *place = server_place(exchange->server, name);
    int found = place == nullptr ? -ENOENT : place_find(place, "", &walk->status);
    if (found < 0) {
        return -found;
    }
    close(found);
    walk->place = place;
    return 0;
}

static int walk_step(struct exchange *exchange, struct walk *walk)
{
    struct name name = exchange_name(exchange);
    struct path next;
    if (!S_ISDIR(walk->status.st_mode)) {
        return ENOTDIR;
    }
    if (name.text[0] == '\0') {
        return exchange->in.broken ? EINVAL : EACCES;
    }
    if (walk->place == &exchange->server->top) {
        return walk_into_place(exchange, walk, name.text);
    }
    if (!path_join(&next, walk->path.text, name.text)) {
        return ENAMETOOLONG;
    }
    int found = place_is_closed(walk->place, next.text)
                    ? -EACCES
                    : place_find(walk->place, next.text, &walk->status);
    if (found < 0) {
        return -found;
    }
    close(found);
    walk->path = next;
    return 0;
}

// Walks part by part and stops where there is no more. The new number stands for the end only if
// every part was found.
int answer_walk(struct exchange *exchange)
{
    struct file_table *files = &exchange->server->files;
    struct file *from = exchange_file(exchange);
    uint32_t number = (uint32_t)wire_read(&exchange->in, 4);
    unsigned count = (unsigned)wire_read(&exchange->in, 2);
    if (exchange->in.broken || count > NINE_WALK_MOST) {
        return EINVAL;
    }
    if (from == nullptr || from->descriptor >= 0) {
        return EBADF;
    }
    struct file *taken = file_find(files, number);
    if (taken != nullptr && taken != from) {
        return EEXIST;
    }
    size_t counted = exchange->out.used;
    wire_write(&exchange->out, 0, 2);
    struct walk walk = {.place = from->place,
                        .status.st_mode = from->directory ? S_IFDIR : S_IFREG};
    memcpy(walk.path.text, from->path, strlen(from->path) + 1);
    int error = 0;
    unsigned walked = 0;
    while (walked < count && error == 0) {
        error = walk_step(exchange, &walk);
        if (error == 0) {
            exchange_write_qid(exchange, walk.place, &walk.status);
            walked++;
        }
    }
    if (walked == 0 && count != 0) {
        return error;
    }
    wire_patch(&exchange->out, counted, walked, 2);
    if (walked < count) {
        return 0;
    }
    bool directory = S_ISDIR(walk.status.st_mode);
    if (taken == from) {
        from->place = walk.place;
        return -file_move(from, walk.path.text, directory);
    }
    return -file_add(files, number, walk.place, walk.path.text, directory);
}

int answer_clunk(struct exchange *exchange)
{
    struct file *file = file_find(&exchange->server->files, (uint32_t)wire_read(&exchange->in, 4));
    int error = exchange_decoded_for(exchange, file);
    if (error != 0) {
        return error;
    }
    file_remove(&exchange->server->files, file);
    return 0;
}

// The qid of something that was just made.
static int answer_made(struct exchange *exchange, const struct file *folder, const char *name)
{
    struct path path;
    struct stat status;
    if (!path_join(&path, folder->path, name)) {
        return ENAMETOOLONG;
    }
    int found = place_find(folder->place, path.text, &status);
    if (found < 0) {
        return -found;
    }
    close(found);
    exchange_write_qid(exchange, folder->place, &status);
    return 0;
}

int answer_create(struct exchange *exchange)
{
    struct file *folder = exchange_file(exchange);
    struct name name = exchange_name(exchange);
    int flags = (int)wire_read(&exchange->in, 4);
    mode_t mode = (mode_t)wire_read(&exchange->in, 4);
    (void)wire_read(&exchange->in, 4); // the group, which is always the runner's
    int error = exchange_may_name(exchange, folder, &name);
    if (error != 0) {
        return error;
    }
    struct path path;
    if (!path_join(&path, folder->path, name.text)) {
        return ENAMETOOLONG;
    }
    if (folder->descriptor >= 0) {
        return EBADF;
    }
    int created = place_create(folder->place, folder->path, name.text, flags, mode);
    if (created < 0) {
        return -created;
    }
    struct stat status;
    error = fstat(created, &status) == 0 ? -file_move(folder, path.text, false) : errno;
    if (error != 0) {
        close(created);
        return error;
    }
    folder->descriptor = created;
    folder->writes = (flags & O_ACCMODE) != O_RDONLY;
    exchange_write_qid(exchange, folder->place, &status);
    wire_write(&exchange->out, exchange->server->message_most - NINE_DATA_HEADER, 4);
    return 0;
}

int answer_mkdir(struct exchange *exchange)
{
    struct file *folder = exchange_file(exchange);
    struct name name = exchange_name(exchange);
    mode_t mode = (mode_t)wire_read(&exchange->in, 4);
    (void)wire_read(&exchange->in, 4);
    int error = exchange_may_name(exchange, folder, &name);
    if (error == 0) {
        error = -place_make_folder(folder->place, folder->path, name.text, mode);
    }
    return error != 0 ? error : answer_made(exchange, folder, name.text);
}

int answer_symlink(struct exchange *exchange)
{
    struct file *folder = exchange_file(exchange);
    struct name name = exchange_name(exchange);
    struct wire_text target = wire_read_text(&exchange->in);
    (void)wire_read(&exchange->in, 4);
    int error = exchange_may_name(exchange, folder, &name);
    if (error != 0) {
        return error;
    }
    struct path copy = {};
    if (target.length >= sizeof copy.text) {
        return ENAMETOOLONG;
    }
    if (memchr(target.text, '\0', target.length) != nullptr) {
        return EINVAL;
    }
    memcpy(copy.text, target.text, target.length);
    error = -place_make_link(folder->place, folder->path, name.text, copy.text);
    return error != 0 ? error : answer_made(exchange, folder, name.text);
}

int answer_link(struct exchange *exchange)
{
    struct file *folder = exchange_file(exchange);
    struct file *file = exchange_file(exchange);
    struct name name = exchange_name(exchange);
    int error = exchange_may_name(exchange, folder, &name);
    if (error != 0) {
        return error;
    }
    if (file == nullptr) {
        return EBADF;
    }
    if (file->place != folder->place) {
        return EXDEV;
    }
    // By its new name it could be changed.
    if (!place_may_change(file->place, file->path)) {
        return EROFS;
    }
    return -place_add_name(folder->place, file->path, folder->path, name.text);
}

int answer_rename(struct exchange *exchange)
{
    struct file *from = exchange_file(exchange);
    struct name name = exchange_name(exchange);
    struct file *to = exchange_file(exchange);
    struct name new_name = exchange_name(exchange);
    int error = exchange_may_name(exchange, from, &name);
    error = error != 0 ? error : exchange_may_name(exchange, to, &new_name);
    if (error != 0) {
        return error;
    }
    if (from->place != to->place) {
        return EXDEV;
    }
    struct path old_path;
    struct path new_path;
    if (!path_join(&old_path, from->path, name.text) ||
        !path_join(&new_path, to->path, new_name.text)) {
        return ENAMETOOLONG;
    }
    error = -place_rename(from->place, from->path, name.text, to->path, new_name.text);
    if (error == 0) {
        file_renamed(&exchange->server->files, from->place, old_path.text, new_path.text);
    }
    return error;
}

int answer_unlink(struct exchange *exchange)
{
    struct file *folder = exchange_file(exchange);
    struct name name = exchange_name(exchange);
    uint32_t flags = (uint32_t)wire_read(&exchange->in, 4);
    int error = exchange_may_name(exchange, folder, &name);
    if (error != 0) {
        return error;
    }
    bool directory = (flags & NINE_UNLINK_FOLDER) != 0;
    return -place_remove(folder->place, folder->path, name.text, directory);
}

int answer_readlink(struct exchange *exchange)
{
    struct file *file = exchange_file(exchange);
    int error = exchange_decoded_for(exchange, file);
    if (error != 0) {
        return error;
    }
    struct path target;
    long length = place_read_link(file->place, file->path, target.text, sizeof target.text);
    if (length < 0) {
        return (int)-length;
    }
    wire_write_text(&exchange->out, target.text, (size_t)length);
    return 0;
}
